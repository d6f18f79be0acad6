"""PostgreSQL: the append-only event store and everything it needs of the server.

Event store: `recorder`, `group_commit`, `mapper`, `feed`, `register`. Connections and roles: `connections`, `database`.
View tables are written by `infrastructure.views`, the transparency log by `infrastructure.transparency`.
"""
