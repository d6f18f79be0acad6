"""Imports: history and catalogues of other systems, from files."""
