"""The small demonstration desk."""
