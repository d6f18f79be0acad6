"""Files with the history of other desks: CSV, JSON Lines and XES, also gzipped."""
