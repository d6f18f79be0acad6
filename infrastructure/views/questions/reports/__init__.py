"""How reports are counted in PostgreSQL: their statements, and answers that are kept so that only what has changed is counted."""
