"""One database, reached by each component in its own role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.postgres.connections import (
    LIMITS,
    AsyncConnection,
    AsyncPool,
    Component,
    Connection,
    Limits,
    Pool,
    within_limits,
)

__all__ = ["NAME", "Component", "Connect", "Database", "require_conninfo"]
NAME = "caseledger"
_NO_CONNINFO = "no libpq connection string; in a password, write % as %25, / as %2F and @ as %40"


@dataclass(frozen=True)
class Database:
    """Where the database is and how a component signs in.

    The embedded server trusts its own socket, so each component signs in as its role. A URL of the operator's
    names its own user; the component then takes its role with ``SET ROLE``, so that the grants bind either way.
    """

    conninfo: str
    embedded: bool

    def for_component(self, component: Component) -> str:
        """A libpq connection string for a component, with its limits."""
        role = f"desk_{component}"
        settings: dict[str, Any] = conninfo_to_dict(within_limits(self.conninfo))
        settings.setdefault("application_name", f"caseledger {component}")
        # What the operator's URL says comes later, and goes before our limits.
        options = f"{LIMITS[component].options} {settings.pop('options', '')}".strip()
        if self.embedded:
            return make_conninfo("", **{**settings, "options": options, "user": role, "dbname": NAME})
        return make_conninfo("", **{**settings, "options": f"{options} -c role={role}"})

    def connect(
        self, component: Component, *, autocommit: bool = True, limits: Limits | None = None
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of one's own, outside any pool. Raises psycopg.OperationalError."""
        conninfo, limits = self._limited(component, limits)
        made = Connection.connect(conninfo, autocommit=autocommit)
        made.patience = limits.patience
        return made

    def pool(self, component: Component, *, size: int, limits: Limits | None = None, **given: Any) -> Pool:
        """A pool of autocommit connections, closed by whoever opens it."""
        return Pool(*self._limited(component, limits), size, **given)

    def _limited(self, component: Component, limits: Limits | None) -> tuple[str, Limits]:
        """How to connect, under other limits than the component's own where they are given."""
        conninfo = self.for_component(component)
        if limits is None:
            return conninfo, LIMITS[component]
        options = conninfo_to_dict(conninfo).get("options")
        return make_conninfo(conninfo, options=f"{options} {limits.options}"), limits

    async def async_connection(self, component: Component, *, limits: Limits | None = None) -> AsyncConnection:
        """A connection for the event loop, outside any pool. Raises psycopg.OperationalError."""
        conninfo, limits = self._limited(component, limits)
        made = await AsyncConnection.connect(conninfo, autocommit=True)
        made.patience = limits.patience
        return made

    def async_pool(
        self, component: Component, *, size: int, limits: Limits | None = None, name: str | None = None
    ) -> AsyncPool:
        """The same for the event loop. Metrics tell pools apart by ``name``."""
        return AsyncPool(*self._limited(component, limits), size, name)


def require_conninfo(conninfo: str) -> None:
    """Raise ValueError for what is no libpq connection string, without a word of it: it may hold a password."""
    try:
        told = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise ValueError(_NO_CONNINFO) from None
    # Of a password with one of these characters in it, libpq takes a part for the host, the port or the database.
    ports = str(told.get("port", "")).replace(",", "")
    places = f"{told.get('host', '')}{told.get('dbname', '')}"
    if "://" in conninfo and ("@" in places or not (ports.isdecimal() or not ports)):
        raise ValueError(_NO_CONNINFO)


Connect = Callable[[], psycopg.Connection[tuple[Any, ...]]]
