"""Folding: however events are batched, the rows are the same, and they say what the aggregates say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from application.execution.requests import Request
from application.views.case_facts import Facts
from application.views.cases import COLUMNS, CaseFold
from application.views.policy_history import PolicyHistory
from application.views.questions import Asked, Page, Point, ReportQuestion
from domain.case import EVENTS as CASE_EVENTS
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.relations import Relation
from domain.case.clauses.resolution import Verification
from domain.case.target_watch import EVENTS as TARGET_EVENTS
from domain.case.targets import watched
from domain.case.terms import PendingReason
from domain.errors import DomainError
from domain.outgoing_mail import EVENTS as MESSAGE_EVENTS
from domain.problem import EVENTS as PROBLEM_EVENTS
from domain.values import Actor, Role
from infrastructure.views.projector import Projector
from infrastructure.views.rebuild import rebuild_views
from tests.application.cases import FIXED, MEDIUM, NETWORK, TECHNICIAN, log
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase, differences
from tests.infrastructure.everything import everything
from tests.infrastructure.histories import AROUND, History

TABLES = (
    *(
        "open_cases",
        "closed_cases",
        "case_intervals",
        "resolutions",
        "case_facts",
        "happenings",
        "value_counts",
        "case_counts",
        "obligations",
        "problems",
        "known_errors",
    ),
    *("case_texts", "open_reports", "open_terms", "words", "outbox", "targets", "tracking"),
)


def contents(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Every row of every view, as text."""
    found = {}
    for table in TABLES:
        statement = sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier("views", table))
        found[table] = [row for (row,) in connection.execute(statement)]
    return found


def test_events_folded_one_by_one_or_all_at_once_leave_the_same_rows_and_these_are_the_aggregates_own(
    history: History, database: TestDatabase, projector: Projector
) -> None:
    with database.connect("projector") as connection:
        everything(history)
        topics = {topic for (topic,) in connection.execute("SELECT DISTINCT topic FROM ledger.stored_events")}
        erased = {f"{kind}.personal_data_erased" for kind in ("problem", "message")}
        assert {
            *CASE_EVENTS,
            *PROBLEM_EVENTS,
            *MESSAGE_EVENTS,
            *TARGET_EVENTS,
            *erased,
        } == topics  # else this test says less than it should
        while projector.fold_batch(1):
            pass
        one_by_one = contents(connection)
        assert all(one_by_one.values())
        rebuild_views(connection)
        assert contents(connection) == one_by_one
        rebuild_in_batches_of(7, connection)
        assert contents(connection) == one_by_one
        columns = ", ".join(f"c.{name}" for name in COLUMNS.names)
        rows = connection.execute(
            f"SELECT case_id, {columns} FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c"
        )
        for case_id, *row in rows.fetchall():
            shown = dict(zip(COLUMNS.names, row, strict=True))
            case: Case = history.repository.get(case_id)
            expected = dict(
                zip(
                    COLUMNS.names, COLUMNS.values(CaseFold(case, Facts(case.received_at), PolicyHistory())), strict=True
                )
            )
            clocks = ("paused_seconds", "settled_seconds", "episodes", "worded", "always")
            assert {n: v for n, v in shown.items() if n not in clocks} == {
                n: v for n, v in expected.items() if n not in clocks
            }
            owed = connection.execute(
                "SELECT key, due_at FROM views.obligations WHERE case_id = %s AND upper_inf(positions)", (case_id,)
            )
            assert dict(owed.fetchall()) == {key: owed.due_at for key, owed in case.obligations.items()}
            targets = connection.execute(
                "SELECT kind, due_at, warning_at, waits FROM views.targets WHERE number = %s AND due_at IS NOT NULL",
                (case.number,),
            )
            assert set(targets) == {(t.kind, t.due_at, t.warning_at, t.waits or "") for t in watched(case)}


def rebuild_in_batches_of(size: int, connection: psycopg.Connection[Any]) -> None:
    for table in TABLES[:-1]:
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("views", table)))
    connection.execute("UPDATE views.tracking SET position = 0, events = 0")
    while Projector(connection).fold_batch(size):
        pass


def act(desk: BlockingDesk, command: str, number: str, other: str) -> None:
    request: Request = {"hand_back": NETWORK, "reject": NETWORK, "verify_team": NETWORK, "resolve_team": NETWORK}.get(
        command, TECHNICIAN
    )
    word = Verification(satisfactory=True, able_to_work=True, method="phone", at=desk.clock.now())
    {
        "triage": lambda: desk.triage.triage(number, "desk", request),
        "prioritize": lambda: desk.diagnosis.prioritize(number, MEDIUM, request),
        "diagnose": lambda: desk.diagnosis.diagnose(number, {"findings": "x"}, None, (), request),
        "assign": lambda: desk.assignment.assign(number, "network", None, None, request),
        "hand_back": lambda: desk.assignment.hand_back(number, "x", request),
        "pend": lambda: desk.pending.pend(number, PendingReason.CUSTOMER, None, request),
        "resume": lambda: desk.pending.resume(number, request),
        "verify_team": lambda: desk.resolution.verify(number, word, request),
        "resolve": lambda: desk.resolution.resolve(number, AROUND, "x", request),
        "resolve_team": lambda: desk.resolution.resolve(number, FIXED, "x", request),
        "dispute": lambda: desk.disputes.dispute(number, "x", None, None, request),
        "suspect": lambda: desk.disputes.suspect(number, "x", None, None, request),
        "dismiss": lambda: desk.disputes.dismiss(number, "x", request),
        "close": lambda: desk.closure.close(number, Confirmation("phone", desk.clock.now()), "Jo", request),
        "duplicate": lambda: desk.relations.relate(number, other, Relation.DUPLICATE, None, request),
        "unrelate": lambda: desk.relations.unrelate(number, other, "x", request),
        "consult": lambda: desk.relations.consult(number, other, request),
        "nominate": lambda: desk.major_incidents.nominate(number, "x", request),
        "reject": lambda: desk.major_incidents.reject(number, "x", request),
        "correct": lambda: desk.logging.correct(number, "symptoms", "toner", "x", request),
        "note": lambda: desk.logging.note(number, "x", False, request),
    }[command]()


COMMANDS = st.sampled_from(
    (
        *("log", "triage", "prioritize", "diagnose", "assign", "hand_back", "pend", "resume", "verify_team", "resolve"),
        *("resolve_team", "dispute", "suspect", "dismiss", "close", "duplicate", "unrelate", "consult", "nominate"),
        *("reject", "correct", "note"),
    )
)
READY = [(command, which) for which in (0, 1) for command in ("triage", "prioritize", "diagnose")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(st.tuples(COMMANDS, st.integers(0, 2)), max_size=30), cut=st.floats(0, 1))
def test_counters_queues_and_past_points_equal_a_fold_from_scratch(
    desk: BlockingDesk,
    projector: Projector,
    database: TestDatabase,
    views: BlockingDesk,
    commands: list[tuple[str, int]],
    cut: float,
) -> None:
    numbers = [log(desk, words={"subject": token_hex()}) for _ in range(2)]
    for command, which in (*READY, *commands):
        try:
            if command == "log":
                numbers.append(log(desk, words={"subject": token_hex()}))
            else:
                act(desk, command, numbers[which % len(numbers)], numbers[(which + 1) % len(numbers)])
        except DomainError:
            continue
        projector.catch_up()
    projector.catch_up()
    assert differences(database) == {}
    with database.connect("projector") as connection:
        rows = connection.execute(
            "SELECT queue, count(*) FROM views.open_cases WHERE queue IS NOT NULL GROUP BY 1"
        ).fetchall()
    shown = dict(views.lists.queues(Asked(datetime.now(UTC), alarm=timedelta(hours=1))).queues)
    shown.pop("obligations", None)
    assert shown == dict(rows)
    plain = views.reports.report(ReportQuestion("volume"))["totals"]
    assert plain == views.reports.report(ReportQuestion("volume", point=Point(views.positions.last())))["totals"]

    then = int(cut * views.positions.last())
    reader = Actor("r.audit", Role.AUDITOR)
    for queue in ("triage", "prioritization", "diagnosis", "network", "resolved"):
        stood = {
            item["number"]: item["version"]
            for item in views.lists.queue(queue, Page(limit=200), Asked(datetime.now(UTC), Point(then))).items
        }
        for number, version in stood.items():
            known = [e.event.originator_version for e in desk.records.history(number, reader) if e.position <= then]
            assert version == max(known)
            assert queue in (
                desk.records.case(number, reader, version=version).team,
                QUEUES[desk.records.case(number, reader, version=version).status],
            )


QUEUES = {
    "logged": "triage", "triaged": "prioritization", "prioritized": "diagnosis", "in_diagnosis": "diagnosis",
    "assigned": "network", "resolved": "resolved", "closed": None,
}  # fmt: skip
