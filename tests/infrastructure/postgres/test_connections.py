"""A database that is restarted, or a network that falls silent, costs nobody more than its deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from eventsourcing.persistence import OperationalError
from psycopg_pool import PoolTimeout

from infrastructure.postgres import connections
from infrastructure.postgres.connections import LIMITS, Component, Limits
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.recorder import LedgerFactory, LedgerRecorder
from tests.conftest import TestDatabase
from tests.infrastructure.postgres.proxy import Proxy, proxied
from tests.infrastructure.postgres.test_group_commit import append

IMPATIENT = Limits(0.2, 1)
"""The server works 0.2 s on a statement, we wait 1.2 s for it."""


@pytest.fixture
def proxy(database: TestDatabase) -> Iterator[Proxy]:
    with proxied(database.conninfo) as made:
        yield made


@pytest.fixture
def behind(proxy: Proxy, database: TestDatabase) -> TestDatabase:
    """The test's database behind a proxy."""
    return TestDatabase(proxy.conninfo, embedded=True, name=database.name)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter deadlines, so that the tests need not wait for those of a desk."""
    monkeypatch.setattr(connections, "_TEST", 0.5)
    monkeypatch.setattr(connections, "_TRUSTED", 0.0)
    monkeypatch.setattr(connections, "_POOL_TIMEOUT", 1.0)


@pytest.mark.parametrize("component", [name for name in LIMITS if name != "migrator"])
def test_every_component_is_limited_by_the_server(database: TestDatabase, component: Component) -> None:
    with database.connect(component) as connection:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            assert connection.execute(f"SHOW {setting}".encode()).fetchone() != ("0",)
    told = psycopg.conninfo.conninfo_to_dict(database.for_component(component))
    assert {"connect_timeout", "keepalives", "keepalives_idle", "tcp_user_timeout"} <= set(told)


def test_what_the_operators_url_says_goes_before_our_limits(database: TestDatabase) -> None:
    url = psycopg.conninfo.make_conninfo(
        database.superuser, options="-c statement_timeout=1234", connect_timeout=9, tcp_user_timeout=1
    )
    theirs = Database(url, embedded=False)
    assert psycopg.conninfo.conninfo_to_dict(theirs.for_component("api"))["connect_timeout"] == "9"
    with theirs.connect("api") as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("1234ms",)
        assert connection.execute("SELECT current_user::text").fetchone() == ("desk_api",)


def test_a_silent_network_ends_a_wait_and_the_connection(behind: TestDatabase, proxy: Proxy) -> None:
    with behind.connect("api", limits=IMPATIENT) as connection:
        connection.execute("SELECT 1")
        proxy.fall_silent()
        with pytest.raises(psycopg.OperationalError, match="did not answer"):
            connection.execute("SELECT 1")
        assert connection.closed


def test_the_servers_own_refusal_comes_first(database: TestDatabase) -> None:
    with database.connect("api", limits=IMPATIENT) as connection:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(60)")
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.usefixtures("hasty")
def test_a_pool_lends_nothing_while_the_network_is_silent_and_works_when_it_talks(
    behind: TestDatabase, proxy: Proxy
) -> None:
    with behind.pool("api", size=3, limits=IMPATIENT) as pool:
        with pool.connection() as one, pool.connection() as two:
            assert one is not two
        proxy.fall_silent()
        with pytest.raises(PoolTimeout), pool.connection():
            pass
        proxy.talk()
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("trusted", [0.0, 60.0])
def test_after_a_restart_no_pooled_connection_costs_anything(
    server_dir: Path, monkeypatch: pytest.MonkeyPatch, trusted: float
) -> None:
    """All of a pool's connections are dead at once: whoever comes next is lent one that works."""
    monkeypatch.setattr(connections, "_TRUSTED", trusted)
    with embedded_server(server_dir, fsync=False) as conninfo:
        database = Database(conninfo, embedded=True)
        with psycopg.connect(conninfo, autocommit=True) as superuser:
            superuser.execute("CREATE ROLE desk_api LOGIN")
            superuser.execute("CREATE DATABASE caseledger")
        with database.pool("api", size=6, least=6) as pool:
            pool.wait(60)
            with psycopg.connect(conninfo, autocommit=True) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'desk_api'"
                )
            for _ in range(6):
                with pool.connection() as connection:
                    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pool_connects_again_as_soon_as_somebody_asks(server_dir: Path) -> None:
    """Its pauses between attempts grow while the database is away; nobody waits for the end of one."""
    with embedded_server(server_dir, fsync=False) as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as superuser:
            superuser.execute("CREATE ROLE desk_api LOGIN")
            superuser.execute("CREATE DATABASE caseledger")
        with proxied(conninfo) as proxy:
            away = Database(proxy.conninfo, embedded=True)
            proxy.close()
            with away.pool("api", size=2) as pool:
                with pytest.raises(PoolTimeout), pool.connection():
                    pass
                assert pool.get_stats()["pool_size"] == 0, "it has given up, and will begin anew"


@pytest.mark.usefixtures("hasty")
def test_the_writer_is_silent_no_longer_than_its_patience(behind: TestDatabase, proxy: Proxy) -> None:
    with LedgerFactory(behind) as factory:
        recorder = factory.application_recorder()
        assert isinstance(recorder, LedgerRecorder)
        recorder.writers.group._patience = 1.5
        recorder.insert_events(append().events)
        proxy.fall_silent()
        began = time.monotonic()
        with pytest.raises(OperationalError, match="answer"):
            recorder.insert_events(append().events)
        with pytest.raises(OperationalError):
            recorder.max_notification_id()
        assert time.monotonic() - began < 10
        proxy.talk()
        assert recorder.insert_events(append().events)
