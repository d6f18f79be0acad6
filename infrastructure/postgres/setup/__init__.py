"""How a database becomes the desk's: roles, grants and extensions, numbered migrations, event triggers.

The migrations lie beside, in `infrastructure/postgres/migrations`; what they make stands in `schema.sql`.
"""
