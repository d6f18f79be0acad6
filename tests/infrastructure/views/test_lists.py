"""Lists and queues answer as a full scan does: for every filter and sort, now and at past points, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any, get_args

import psycopg
import pytest
from psycopg.rows import dict_row

from application.views.case_filters import NOT_SETTLED, Condition, Sort
from application.views.questions import Asked, Listing, Page, Point, Total
from domain.case.clauses.closure import Confirmation
from domain.case.status import Status
from domain.case.terms import PendingReason
from domain.values import DisclosureKind
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerNotification
from infrastructure.views.projector import Projector
from infrastructure.views.questions import case_lists
from infrastructure.views.questions.view_reader import END, ENDED, LATEST, PRESENT
from infrastructure.views.questions.view_reader import NOW as CASES
from infrastructure.views.stores.cases import CasesStore
from infrastructure.views.stores.obligations import ObligationsStore
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import POLICY, TEAM, History, by, moment, said

Row = dict[str, Any]
SORTS: tuple[Sort, ...] = get_args(Sort)
COLUMNS = {"received": "received_at", "updated": "updated_at", "due": "resolve_by", "priority": "priority"}
APART = 5_000
"""Positions between two events of a desk of long intervals."""
PAUSING = ("customer",)
NOW = moment(60 * 24 * 3)
AT = f"""
    SELECT {PRESENT} FROM {CASES} c WHERE c.position <= %(position)s AND c.updated_at <= %(effective_at)s
    UNION ALL
    SELECT {ENDED} FROM views.case_intervals i JOIN {CASES} f USING (case_id)
    WHERE i.position <= %(position)s AND i.since <= %(effective_at)s
      AND (i.until_position > %(position)s OR i.until > %(effective_at)s)
"""
"""Each case as the ledger knew it at a position, and as it had become by a moment."""

FILTERS: list[tuple[Condition, ...]] = [
    (),
    *((Condition("status", "=", status.value),) for status in Status),
    (NOT_SETTLED,),
    (Condition("queue", "=", "network"),),
    (Condition("team", "=", "network"),),
    (Condition("technician", "=", "some.team_member"),),
    (Condition("technician", "set", False),),
    (Condition("service", "=", "printing"),),
    (Condition("service", "=", "nothing"),),
    (Condition("customer", "=", "jo"),),
    (Condition("channel", "=", "phone"),),
    (Condition("agency", "=", "dot"),),
    (Condition("external_ref", "=", "alert-1"),),
    *((Condition("priority", "=", priority),) for priority in (1, 3)),
    (Condition("impact", "=", 2),),
    (Condition("severity", "=", 2),),
    (Condition("major", "set", True),),
    (Condition("major", "=", "declared"),),
    (Condition("pending_reason", "set", True),),
    (Condition("pending_reason", "set", False),),
    (Condition("pending_reason", "=", "customer"),),
    (Condition("resolve_by", "overdue", True),),
    (Condition("resolve_by", "overdue", False),),
    (Condition("suspected_at", "disputed", True),),
    (Condition("resolve_by", "runs", True),),
    (Condition("received_at", ">=", moment(1)), Condition("received_at", "<", moment(5))),
    (Condition("updated_at", ">=", moment(30)),),
    (Condition("updated_at", "<", moment(30)), Condition("status", "=", "closed")),
    (Condition("service", "=", "printing"), Condition("priority", "=", 3), Condition("team", "=", "network")),
    (Condition("status", "=", "closed"), Condition("queue", "=", "network")),
]


def fits(row: Row, each: Condition) -> bool:
    value, wanted = row[each.column], each.value
    settled = row["status"] in ("resolved", "closed")
    paused = row["pending_reason"] in PAUSING
    holds: dict[str, Callable[[], bool]] = {
        "=": lambda: bool(value == wanted),
        ">=": lambda: value is not None and value >= wanted,
        "<": lambda: value is not None and value < wanted,
        "in": lambda: value in wanted,
        "set": lambda: (value is not None) is wanted,
        "overdue": lambda: (
            (not settled and value is not None and value < (row["pending_since"] if paused else NOW)) is wanted
        ),
        "disputed": lambda: (
            row["status"] != "closed" and (value is not None or (row["reopenings"] > 0 and not settled))
        ),
        "runs": lambda: not settled and value is not None and not paused,
    }
    return holds[each.comparison]()


def scanned(rows: list[Row], conditions: Sequence[Condition], sort: Sort) -> list[str]:
    """The numbers of all rows that fit, sorted: the empty last, ties by number."""
    found = [row for row in rows if all(fits(row, each) for each in conditions)]
    name, down = sort.removeprefix("-"), sort.startswith("-")
    found.sort(key=lambda row: row["number"], reverse=down)
    if name != "number":
        column = COLUMNS[name]
        valued = sorted((row for row in found if row[column] is not None), key=lambda row: row[column], reverse=down)
        # Python's sort is stable, also where it is reversed.
        found = [*valued, *(row for row in found if row[column] is None)]
    return [row["number"] for row in found]


def worked(rows: list[Row], queue: str) -> list[str]:
    """The numbers of the rows in a queue, as it is worked."""
    found = [row for row in rows if row["queue"] == queue]
    return [
        row["number"]
        for row in sorted(found, key=lambda row: (row["priority"] or 9, row["received_at"], row["number"]))
    ]


def paged(ask: Callable[[Page], Listing], limit: int, name: str = "number") -> tuple[list[str], Listing]:
    """The numbers on all pages, and the first page."""
    first = listing = ask(Page(limit=limit))
    numbers = [item[name] for item in listing.items]
    while listing.next_key is not None:
        listing = ask(Page(listing.next_key, limit))
        assert listing.position == first.position
        numbers += [item[name] for item in listing.items]
    return numbers, first


@pytest.fixture
def rows_at(database: TestDatabase) -> Iterator[Callable[[Point], list[Row]]]:
    """Every case as it was at a point, by a scan of all rows."""
    with psycopg.connect(database.superuser, row_factory=dict_row) as connection:

        def read(point: Point) -> list[Row]:
            values = {
                "position": LATEST if point.position is None else point.position,
                "effective_at": point.effective_at or END,
            }
            rows = connection.execute(AT.encode(), values).fetchall()
            connection.rollback()
            return rows

        yield read


@pytest.fixture
def owed_at(database: TestDatabase) -> Iterator[Callable[[Point], list[str]]]:
    """The key of every obligation that stood at a point, by a scan of all rows."""
    with psycopg.connect(database.superuser) as connection:

        def read(point: Point) -> list[str]:
            position = LATEST if point.position is None else point.position
            moment_ = END if point.effective_at is None else point.effective_at
            rows = connection.execute("SELECT * FROM views.obligations ORDER BY due_at, number, key").fetchall()
            names = [
                column.name
                for column in connection.execute("SELECT * FROM views.obligations LIMIT 0").description or ()
            ]
            connection.rollback()
            found = [dict(zip(names, row, strict=True)) for row in rows]
            return [
                row["key"]
                for row in found
                if row["positions"].lower <= position
                and row["since"] <= moment_
                and not (
                    row["positions"].upper is not None
                    and row["positions"].upper <= position
                    and row["settled_at"] <= moment_
                )
            ]

        yield read


def lived(history: History) -> None:
    """All that can happen, and more cases that are alike: with ties, declared, waiting, closed."""
    everything(history)
    for minutes in (1, 1, 1, 2, 3):
        history.logged(minutes)
        history.prioritized(minutes)
        history.assigned(minutes)
    for minutes in (1, 1, 2):
        case = history.resolved(minutes)
        case.close(POLICY, by(minutes + 5), confirmation=Confirmation("phone", moment(minutes + 5)))
        history.put(case)
    case = history.assigned(4)
    case.nominate(POLICY, by(7))
    case.accept(by(7, TEAM))
    case.pend(PendingReason.CUSTOMER, by(8, TEAM))
    history.put(case)


@pytest.mark.parametrize("walk", [0, 2, 10_000])
def test_every_filter_and_sort_lists_what_a_scan_finds(
    history: History,
    projector: Projector,
    views: BlockingDesk,
    rows_at: Callable[[Point], list[Row]],
    monkeypatch: pytest.MonkeyPatch,
    walk: int,
) -> None:
    monkeypatch.setattr(case_lists, "_WALK", walk)
    lived(history)
    projector.catch_up()
    chance, rows = Random(walk), rows_at(Point())
    asked = Asked(NOW, pausing=PAUSING)
    assert {row["status"] for row in rows} >= {"logged", "assigned", "resolved", "closed"}
    for conditions, sort in product(FILTERS, SORTS):
        expected = scanned(rows, conditions, sort)
        limit = chance.choice((1, 2, 3, 7, 50))
        numbers, first = paged(lambda page, c=conditions, s=sort: views.lists.cases(c, s, page, asked), limit)  # type: ignore[misc]
        assert numbers == expected, (conditions, sort, limit)
        assert first.total is not None
        assert first.total.cases == len(expected) if first.total.exact else first.total.cases <= len(expected)


def test_every_queue_is_what_a_scan_finds(
    history: History, projector: Projector, views: BlockingDesk, rows_at: Callable[[Point], list[Row]]
) -> None:
    lived(history)
    projector.catch_up()
    rows, asked = rows_at(Point()), Asked(NOW, by="some.team_member", alarm=timedelta(minutes=30), pausing=PAUSING)
    counted = views.lists.queues(asked)
    counts = {**counted.queues, **counted.attention}
    queues = {row["queue"] for row in rows} - {None}
    for queue in queues:
        numbers, first = paged(lambda page, q=queue: views.lists.queue(q, page, asked), 2)  # type: ignore[misc]
        assert numbers == worked(rows, queue)
        assert first.total == Total(counts[queue], exact=True)
    attention: dict[str, tuple[Condition, ...]] = {
        "mine": (Condition("technician", "=", "some.team_member"), NOT_SETTLED),
        "unassigned": (Condition("status", "=", "assigned"), Condition("technician", "set", False)),
        "awaiting_customer": (Condition("pending_reason", "=", "customer"), NOT_SETTLED),
        "disputes": (Condition("suspected_at", "disputed", True),),
        "major": (Condition("major", "in", ("nominated", "declared")), NOT_SETTLED),
        "breaching": (Condition("resolve_by", "runs", True),),
        "unprioritized": (
            Condition("queue", "in", ("triage", "prioritization")),
            Condition("priority", "set", False),
            Condition("received_at", "<", asked.late),
        ),
    }
    for name, wanted in attention.items():
        found = [row for row in rows if all(fits(row, each) for each in wanted)]
        found = [{**row, "queue": name} for row in found]
        soonest = [{**row, "resolve_by": row["due_at"]} for row in found]
        expected = scanned(soonest, (), "due") if name == "breaching" else worked(found, name)
        assert expected, f"nothing stands in {name}: this test says less than it should"
        assert paged(lambda page, n=name: views.lists.queue(n, page, asked), 2)[0] == expected, name  # type: ignore[misc]
        assert counts[name] == len(expected), name
    assert {*counts} == {*queues, *attention, "obligations"}


def folded_apart(database: TestDatabase) -> int:
    """Fold the cases with so many positions and so much time between their events that intervals are long; the last position."""
    mapper = StateMapper()
    with database.connect("projector") as connection, connection.transaction():
        rows = connection.execute(
            "SELECT originator_id, originator_version, topic, state, notification_id, recorded_at, db_role::text "
            "FROM ledger.stored_events WHERE topic LIKE 'case.%' ORDER BY notification_id"
        ).fetchall()
        stores, position = (CasesStore(connection), ObligationsStore(connection)), 0
        for row in rows:
            position = row[4] * APART
            for store in stores:
                store.fold([(mapper.to_domain_event(LedgerNotification(*row)), position)])
        connection.execute("UPDATE views.tracking SET position = %s", (position,))
    return position


def test_the_past_lists_what_a_scan_finds_also_among_long_intervals(
    history: History,
    database: TestDatabase,
    views: BlockingDesk,
    rows_at: Callable[[Point], list[Row]],
    owed_at: Callable[[Point], list[str]],
) -> None:
    lived(history)
    last, chance = folded_apart(database), Random(14)
    moments = [moment(minutes) for minutes in (0, 1, 2, 5, 30, 61, 300)]
    for _ in range(60):
        position = chance.choice((None, chance.randint(0, last), last - chance.randint(0, 3 * APART)))
        effective_at = chance.choice((None, chance.choice(moments)))
        point = Point(position, effective_at)
        rows, asked = rows_at(point), Asked(NOW, point, pausing=PAUSING)
        for queue in ("triage", "diagnosis", "network", "resolved"):
            numbers, _ = paged(lambda page, q=queue: views.lists.queue(q, page, asked), 3)  # type: ignore[misc]  # noqa: B023
            assert numbers == worked(rows, queue), (point, queue)
        owed = paged(lambda page: views.lists.obligations({}, page, asked), 3, "key")[0]  # noqa: B023
        assert owed == owed_at(point), point
        for conditions in chance.sample(FILTERS, 4):
            sort = chance.choice(SORTS)
            numbers, _ = paged(lambda page, c=conditions, s=sort: views.lists.cases(c, s, page, asked), 3)  # type: ignore[misc]  # noqa: B023
            assert numbers == scanned(rows, conditions, sort), (point, conditions, sort)


@pytest.mark.parametrize("sort", SORTS)
def test_a_list_turns_no_page_twice_and_leaves_nobody_out_while_cases_change(
    history: History, projector: Projector, views: BlockingDesk, sort: Sort
) -> None:
    cases = [history.prioritized(minutes) for minutes in range(9)]
    projector.catch_up()
    asked = Asked(NOW, pausing=PAUSING)
    before = paged(lambda page: views.lists.cases((), sort, page, asked), 50)[0]
    listing = views.lists.cases((), sort, Page(limit=2), asked)
    first, seen = listing, [item["number"] for item in listing.items]
    while listing.next_key is not None:
        case = cases.pop(len(seen) % len(cases))
        case.diagnose(said(), by(100 + len(seen)))
        case.assign("network", by(100 + len(seen)))
        history.put(case)
        history.logged(200 + len(seen))
        projector.catch_up()
        listing = views.lists.cases((), sort, Page(listing.next_key, 2), asked)
        seen += [item["number"] for item in listing.items]
        assert (listing.position, listing.total) == (first.position, first.total)
    assert seen == before


def test_a_queue_turns_no_page_twice_and_leaves_nobody_out_while_cases_change(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    cases = [history.prioritized(minutes) for minutes in range(9)]
    projector.catch_up()
    asked = Asked(NOW, pausing=PAUSING)
    before = paged(lambda page: views.lists.queue("diagnosis", page, asked), 50)[0]
    listing = views.lists.queue("diagnosis", Page(limit=2), asked)
    seen = [item["number"] for item in listing.items]
    while listing.next_key is not None:
        case = cases.pop()
        case.diagnose(said(), by(100 + len(seen)))
        case.assign("network", by(100 + len(seen)))
        history.put(case)
        history.prioritized(300 - len(seen))
        projector.catch_up()
        listing = views.lists.queue("diagnosis", Page(listing.next_key, 2), asked)
        seen += [item["number"] for item in listing.items]
    assert seen == before
    assert len(paged(lambda page: views.lists.queue("diagnosis", page, asked), 50)[0]) == len(before)


@pytest.mark.parametrize("how", ["known", "happened"])
def test_a_past_queue_leaves_nobody_out_where_more_than_a_page_came_at_the_same_time(
    how: str, history: History, projector: Projector, views: BlockingDesk
) -> None:
    cases = [history.logged(minutes) for minutes in (0, 0, 0, 0, 0, 1)]
    projector.catch_up()
    then = views.positions.last()
    for case in cases:
        case.triage("desk", by(10))
        history.put(case)
    projector.catch_up()
    point = Point(then) if how == "known" else Point(effective_at=moment(5))
    listed, _ = paged(lambda page: views.lists.queue("triage", page, Asked(NOW, point)), 2)
    assert listed == [case.number for case in cases]


def test_a_row_shows_the_latest_subject_and_none_once_it_is_erased(
    history: History, projector: Projector, views: BlockingDesk, database: TestDatabase
) -> None:
    case = history.logged(words={"subject": 'Ünïcode "quoted" \\ 印刷', "description": "x" * 50_000})
    history.logged(1)
    projector.catch_up()
    asked, then = Asked(NOW), views.positions.last()
    shown = [item["subject"] for item in views.lists.queue("triage", Page(), asked).items]
    assert shown == ['Ünïcode "quoted" \\ 印刷', None]
    corrected = said(DisclosureKind.CUSTOMER_WORDS, subject="Another")
    case.correct("subject", by(2), value=None, words=corrected, reason=None)
    history.put(case)
    projector.catch_up()
    assert views.lists.queue("triage", Page(), asked).items[0]["subject"] == "Another"
    was = views.lists.queue("triage", Page(), Asked(NOW, Point(then))).items
    assert [item["subject"] for item in was] == shown
    with psycopg.connect(database.superuser) as superuser:  # as an erasure does, and at once
        superuser.execute("DELETE FROM vault.disclosures")
    for point in (Point(), Point(then)):
        assert views.lists.queue("triage", Page(), Asked(NOW, point)).items[0]["subject"] is None
