"""R-5.1c with everything against it: twice, in any order, by two processes at once, killed before they acknowledge."""

from __future__ import annotations

import json
from collections import defaultdict

import psycopg

from application.administration.catalogue import OPERATOR
from domain.values import Role
from tests.acceptance.monitoring.feeding import feed, messages
from tests.acceptance.operating import feeding
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned

Cases = list[list[str]]


def test_r_5_1c_in_whatever_order_and_however_often_the_cases_are_the_same(server: str) -> None:
    with cloned(server) as database:
        granted(database)
        with open_desk(database) as desk:
            for delivery in messages().values():
                feed(desk, delivery)
        expected = cases(database)
    with cloned(server) as database:
        granted(database)
        acknowledged: list[set[str]] = [set(), set()]
        for kill in (9, 12, 0):
            feeders = [
                feeding("tests.acceptance.monitoring.feeding", database, seed, kill, acknowledged[seed])
                for seed in range(2)
            ]
            for seed, feeder in enumerate(feeders):
                told, _ = feeder.communicate(timeout=300)
                acknowledged[seed] |= set(told.splitlines())
                assert feeder.returncode == (-9 if kill else 0)
        assert acknowledged == [set(messages())] * 2
        assert cases(database) == expected
    assert len([case for case in expected if len(case) == 4]) >= 5


def granted(database: TestDatabase) -> None:
    with open_desk(database) as office:
        office.policy.adopt(OPERATOR)
        for source in ("prom", "events"):
            office.grants.ensure(source, Role.INTAKE, None, None, OPERATOR, anew=False)


def cases(database: TestDatabase) -> Cases:
    """The alerts of each case; an event is itself, whichever of two that bear the same id came first."""
    with psycopg.connect(database.superuser) as connection:
        rows = connection.execute("SELECT state FROM ledger.stored_events WHERE topic = 'alert.raised'").fetchall()
        logged = connection.execute("SELECT count(*) FROM ledger.stored_events WHERE topic = 'case.logged'").fetchone()
    found = defaultdict[str, set[str]](set)
    for (state,) in rows:
        told = json.loads(state)
        found[told["case"]].add(told["seen"]["fingerprint"] if told["source"] == "prom" else "an event")
    assert logged == (len(found),)
    return sorted(sorted(alerts) for alerts in found.values())
