"""Incoming mail, from its bytes to its case or to a person's decision."""
