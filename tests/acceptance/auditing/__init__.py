"""What auditors run, what the record says of itself, and what an erasure leaves."""
