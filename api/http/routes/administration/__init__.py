"""Routes of what the administrator maintains (SOP 4.1, 7.1)."""
