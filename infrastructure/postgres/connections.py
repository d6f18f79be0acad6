"""Connections that do not wait for ever: each wait has an end, here and on the server, and a pool lends none that is dead.

A server that is gone closes its connections. A network that is gone says nothing, and a proxy between may go on
acknowledging what nobody reads: only a deadline of our own ends such a wait.
"""

from __future__ import annotations

import select
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from weakref import WeakSet

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, ConnectionPool

Component = Literal["api", "projector", "processes", "mail", "sealer", "auditor", "reporter", "eraser", "migrator"]
Row = tuple[Any, ...]
T = TypeVar("T")

NETWORK: Mapping[str, int] = {
    "connect_timeout": 4,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""What libpq is told of the network, unless the operator's URL says otherwise: seconds, the last one milliseconds."""


def within_limits(conninfo: str) -> str:
    """A connection string that also says what libpq is told of the network."""
    return make_conninfo("", **{**NETWORK, **conninfo_to_dict(conninfo)})


_MARGIN = 1.0
"""Seconds that we wait longer than the server works: its own refusal says more than our deadline."""
_TRUSTED = 1.0
"""Seconds since a connection was last heard of within which it is lent without asking, unless the server has closed it."""
_TEST = 2.0
"""Seconds that the answer to such a question may take."""
_POOL_TIMEOUT = 5.0
"""Seconds that one waits for a connection of a pool."""
_RECONNECT = 2.0
"""Seconds that a pool tries to connect by itself. Afterwards it tries when somebody asks: its pauses grow, and who came
after an hour's outage would wait for the end of one."""
_IDLE = 60.0
"""Seconds that a pool keeps a connection which nobody asks for: after a burst, others need it."""


@dataclass(frozen=True)
class Limits:
    """Seconds that the server works on one statement, and that a transaction may lie idle; 0 for no end."""

    statement: float
    idle: float

    @property
    def options(self) -> str:
        """As options of a libpq connection string."""
        settings = {"statement_timeout": self.statement, "idle_in_transaction_session_timeout": self.idle}
        return " ".join(f"-c {name}={seconds * 1000:.0f}" for name, seconds in settings.items())

    @property
    def patience(self) -> float | None:
        """Seconds that we wait for the answer to one statement."""
        return self.statement + _MARGIN if self.statement else None


_MINUTE, _HOUR = 60.0, 3600.0
BRIEF = Limits(7, 30)
"""For what a caller waits for, who is answered within 10 s."""
QUESTION = Limits(30, _MINUTE)
"""For what reads many rows while somebody waits: reports, lists, searches."""
LONG = Limits(_HOUR, _HOUR)
"""For work that nobody's request waits for."""

LIMITS: Mapping[Component, Limits] = {
    "api": BRIEF,
    "processes": QUESTION,
    "mail": QUESTION,
    "projector": LONG,  # a rebuild makes the indexes of all cases in one statement each
    "sealer": LONG,
    "auditor": LONG,  # `verify` holds one snapshot while it reads everything
    "reporter": LONG,
    "eraser": LONG,
    "migrator": Limits(0, 0),  # a migration takes the time it takes
}


class Connection(psycopg.Connection[Row]):
    """A connection that is given up when an answer does not come in time."""

    patience: float | None = None
    """Seconds that the answer to one statement may take."""
    made_at = heard_at = 0.0
    """Of the monotonic clock."""

    def wait(self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server; a timeout of the caller's own is not ours to judge. Raises psycopg.OperationalError."""
        patience = self.patience if timeout is None else None
        began = time.monotonic()
        try:
            found: T = super().wait(gen, interval=interval, timeout=timeout if patience is None else patience)
        except psycopg.OperationalError:
            if patience is not None and time.monotonic() - began >= patience:
                self.pgconn.finish()  # in the middle of an answer: nothing else can be asked on it
                raise psycopg.OperationalError(f"the database did not answer within {patience:g} s") from None
            raise
        self.heard_at = time.monotonic()
        return found

    def test(self) -> None:
        """Raises psycopg.Error unless the server answers, or did so a moment ago."""
        if _is_trusted(self):
            return
        patience, self.patience = self.patience, _TEST
        try:
            self.execute("")
        finally:
            self.patience = patience


class AsyncConnection(psycopg.AsyncConnection[Row]):
    """The same for the event loop."""

    patience: float | None = None
    made_at = heard_at = 0.0

    async def wait(self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None) -> T:  # noqa: ASYNC109 - psycopg's
        """Wait for the server; a timeout of the caller's own is not ours to judge. Raises psycopg.OperationalError."""
        patience = self.patience if timeout is None else None
        began = time.monotonic()
        try:
            found: T = await super().wait(gen, interval=interval, timeout=timeout if patience is None else patience)
        except psycopg.OperationalError:
            if patience is not None and time.monotonic() - began >= patience:
                self.pgconn.finish()
                raise psycopg.OperationalError(f"the database did not answer within {patience:g} s") from None
            raise
        self.heard_at = time.monotonic()
        return found

    async def test(self) -> None:
        """Raises psycopg.Error unless the server answers, or did so a moment ago."""
        if _is_trusted(self):
            return
        patience, self.patience = self.patience, _TEST
        try:
            await self.execute("")
        finally:
            self.patience = patience


def _is_trusted(connection: Connection | AsyncConnection) -> bool:
    """Heard of a moment ago, and nothing unasked for lies in the socket, such as the server's farewell."""
    if connection.closed or time.monotonic() - connection.heard_at > _TRUSTED:
        return False
    socket = select.poll()
    socket.register(connection.pgconn.socket, select.POLLIN)
    return not socket.poll(0)


class Pool(ConnectionPool[psycopg.Connection[Row]]):
    """Lends connections that work. When it finds a dead one, it replaces all that are older: they have died together."""

    def __init__(self, conninfo: str, limits: Limits, size: int, *, least: int = 1, **given: Any) -> None:
        def begin(connection: psycopg.Connection[Row]) -> None:
            assert isinstance(connection, Connection)
            connection.patience, connection.made_at = limits.patience, time.monotonic()

        kwargs = {"autocommit": True, **given}
        super().__init__(conninfo, connection_class=Connection, configure=begin, kwargs=kwargs, **_pooled(least, size))
        self._renewed = 0.0

    def getconn(self, timeout: float | None = None) -> Connection:
        """A connection that works. Raises psycopg_pool.PoolTimeout."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            connection = super().getconn(end - time.monotonic())
            assert isinstance(connection, Connection)
            try:
                connection.test()
            except psycopg.Error:
                connection.close()
                self.putconn(connection)
                if connection.made_at >= self._renewed:
                    self._renewed = time.monotonic()
                    self.drain()
            else:
                return connection


class AsyncPool(AsyncConnectionPool[psycopg.AsyncConnection[Row]]):
    """The same for the event loop."""

    def __init__(self, conninfo: str, limits: Limits, size: int, name: str | None = None) -> None:
        async def begin(connection: psycopg.AsyncConnection[Row]) -> None:
            assert isinstance(connection, AsyncConnection)
            connection.patience, connection.made_at = limits.patience, time.monotonic()

        kwargs, given = {"autocommit": True}, _pooled(1, size)
        super().__init__(conninfo, connection_class=AsyncConnection, configure=begin, kwargs=kwargs, name=name, **given)
        self._renewed = 0.0
        _POOLS.add(self)

    async def getconn(self, timeout: float | None = None) -> AsyncConnection:  # noqa: ASYNC109 - psycopg's
        """A connection that works. Raises psycopg_pool.PoolTimeout."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            connection = await super().getconn(end - time.monotonic())
            assert isinstance(connection, AsyncConnection)
            try:
                await connection.test()
            except psycopg.Error:
                await connection.close()
                await self.putconn(connection)
                if connection.made_at >= self._renewed:
                    self._renewed = time.monotonic()
                    await self.drain()
            else:
                return connection


_POOLS: WeakSet[AsyncPool] = WeakSet()


def pools() -> Mapping[str, Mapping[str, float]]:
    """The figures of each open pool of this process, by name (psycopg_pool, Pool stats)."""
    return {pool.name: pool.get_stats() for pool in _POOLS if not pool.closed}


def _pooled(least: int, size: int) -> dict[str, Any]:
    return {
        "min_size": least,
        "max_size": size,
        "open": False,
        "timeout": _POOL_TIMEOUT,
        "reconnect_timeout": _RECONNECT,
        "max_idle": _IDLE,
    }
