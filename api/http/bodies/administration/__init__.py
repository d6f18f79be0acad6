"""Bodies of what the administrator maintains."""
