"""Personal data: legal holds and erasures, each with the approval of a second person (audit.md, Personal data)."""
