"""Random commands against the tables of the requirements, and what must hold after each."""
