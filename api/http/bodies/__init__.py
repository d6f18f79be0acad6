"""The bodies of commands, by the clauses they belong to."""
