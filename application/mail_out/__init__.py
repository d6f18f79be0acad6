"""Mail that goes out: the letters, and what becomes of each."""
