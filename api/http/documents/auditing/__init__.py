"""What auditors read: histories, checks, conformance, and who read what."""
