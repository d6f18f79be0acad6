"""What monitoring systems send, and what is decided of it."""
