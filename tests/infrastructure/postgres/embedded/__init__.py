"""The embedded server: where it runs, what it refuses, and its backups."""
