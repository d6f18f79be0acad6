"""Mail that comes in, from its bytes to the case it is about or to a person's decision."""
