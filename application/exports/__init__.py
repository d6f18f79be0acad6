"""What leaves the desk as files."""
