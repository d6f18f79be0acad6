"""Bodies of what the administrator maintains, and of erasures, holds and saved filters."""
