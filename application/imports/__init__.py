"""History and catalogues of other systems, read from files."""
