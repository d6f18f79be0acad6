"""The PostgreSQL server that Caseledger runs itself: its programs, the account they run as, and who starts and stops it.

Roles and migrations are not here: they are the same on an operator's server (`infrastructure.postgres.setup`).
"""
