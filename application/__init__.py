"""Use cases: one method per command, one protocol per question. No SQL, no HTTP."""
