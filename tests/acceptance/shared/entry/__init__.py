"""What customers and machines hand in: mail, self service and files."""
