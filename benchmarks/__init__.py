"""What the desk can carry, always as a ratio to a baseline that ran beside it on the same machine."""
