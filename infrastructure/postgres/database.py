"""One database, reached by each component in its own role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, ConnectionPool

Component = Literal["api", "projector", "processes", "mail", "sealer", "auditor", "reporter", "migrator"]
NAME = "caseledger"


@dataclass(frozen=True)
class Database:
    """Where the database is and how a component signs in.

    The embedded server trusts its own socket, so each component signs in as its role. A URL of the operator's
    names its own user; the component then takes its role with ``SET ROLE``, so that the grants bind either way.
    """

    conninfo: str
    embedded: bool

    def for_component(self, component: Component) -> str:
        """A libpq connection string for a component."""
        role = f"desk_{component}"
        settings = conninfo_to_dict(self.conninfo)
        settings.setdefault("application_name", f"caseledger {component}")
        if self.embedded:
            return make_conninfo("", **{**settings, "user": role, "dbname": NAME})
        options = f"{settings.pop('options', '')} -c role={role}".strip()
        return make_conninfo("", **{**settings, "options": options})

    def connect(self, component: Component, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of one's own, outside any pool. Raises psycopg.OperationalError."""
        return psycopg.connect(self.for_component(component), autocommit=autocommit)

    def pool(self, component: Component, *, size: int) -> ConnectionPool[psycopg.Connection[tuple[Any, ...]]]:
        """A pool of autocommit connections, closed by whoever opens it."""
        return ConnectionPool(
            self.for_component(component),
            kwargs={"autocommit": True},
            min_size=1,
            max_size=size,
            open=False,
            timeout=10,
        )

    def async_pool(
        self, component: Component, *, size: int
    ) -> AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]:
        """The same for routes that wait or stream and hold no worker thread."""
        return AsyncConnectionPool(
            self.for_component(component),
            kwargs={"autocommit": True},
            min_size=1,
            max_size=size,
            open=False,
            timeout=10,
        )


Connect = Callable[[], psycopg.Connection[tuple[Any, ...]]]
