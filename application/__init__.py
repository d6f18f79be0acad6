"""Use cases: one method per command, one protocol per query. No SQL, no HTTP."""
