"""The processes of a desk: one of each kind, or all under a supervisor."""
