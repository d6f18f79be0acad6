"""What if, against a naive replay: each case of a simulated desk, read whole and judged by itself under another policy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from api.cli.main import app
from application.reports.what_if.proposal import proposed
from domain.calendar import SupportCalendar
from domain.case import Case
from domain.case.clauses.closure import CLOSES, Closed
from domain.case.clauses.dispute import DisputeDismissed, Reopened
from domain.case.clauses.logging import Logged
from domain.case.clauses.notification import Informed, NotificationFailed, Notified
from domain.case.clauses.priority import Prioritized
from domain.case.clauses.relations import Unlinked
from domain.case.clauses.resolution import NO_INCIDENT
from domain.case.status import SETTLED
from domain.policy import Policy
from domain.values import Actor, Level, Role
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.blocking import open_desk
from tests.conftest import TestDatabase

AUDITOR = Actor("r.audit", Role.AUDITOR)
Found = dict[str, Counter[Any]]


class Asks:
    """Runs `caseledger what-if` on a test's database."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.at = ("--database-url", database.superuser, "--data-dir", str(folder))
        SealerFolder(folder / "sealer").add_key(Ed25519PrivateKey.generate())

    def load(self, cases: int) -> None:
        """Fill the desk with simulated work."""
        plan = ("--cases", str(cases), "--seed", "7", "--until", "2026-10-30")
        told = CliRunner().invoke(app, ["demo", "load", *plan, *self.at])
        assert told.exit_code == 0, told.output

    def run(self, policy: dict[str, Any], *options: str) -> Any:
        file = self.folder / "policy.yaml"
        file.write_text(yaml.safe_dump(policy), "utf-8")
        return CliRunner().invoke(app, ["what-if", str(file), *options, *self.at])

    def ask(self, policy: dict[str, Any], *options: str) -> dict[str, Any]:
        told = self.run(policy, "--format", "json", *options)
        assert told.exit_code == 0, told.output
        document: dict[str, Any] = json.loads(told.stdout)
        return document


@pytest.fixture
def asks(database: TestDatabase, tmp_path: Path) -> Asks:
    return Asks(database, tmp_path)


def policies(chance: Random) -> Iterator[dict[str, Any]]:
    """Policies that differ in some of what decides, drawn at random."""
    hours = chance.choice((8, 24, 60))
    yield {"matrix": [[chance.randint(1, 4) for _ in range(3)] for _ in range(3)]}
    yield {"business": {"opens": "06:00", "closes": "20:00", "weekdays": [0, 1, 2, 3, 4, 5]}, "pausing": ["vendor"]}
    yield {
        "targets": [
            {"respond": f"PT{n * 10}M", "resolve": f"PT{n * hours}H", "around_the_clock": n == 2} for n in (1, 2, 3, 4)
        ],
        "pausing": [],
    }
    yield {"dispute_window": f"PT{chance.randint(73, 400)}H", "roll_to_business_day": True}
    yield {"duplicate_threshold": round(chance.uniform(0.3, 0.99), 2)}
    yield {name: value for policy in list(policies_of_parts(chance)) for name, value in policy.items()}


def policies_of_parts(chance: Random) -> Iterator[dict[str, Any]]:
    """The parts of one policy that changes everything."""
    yield {"matrix": [[2, 2, 3], [1, 3, 3], [4, 4, 4]], "dispute_window": "PT100H"}
    yield {"business": {"time_zone": "Europe/Rome", "opens": "09:30"}, "duplicate_threshold": chance.choice((0.3, 0.9))}


def test_an_answer_is_what_a_naive_replay_of_each_case_says(asks: Asks) -> None:
    asks.load(400)
    with open_desk(asks.database) as desk:
        present = desk.references.current().policy
        with asks.database.connect("api") as connection:
            numbers = [number for (number,) in connection.execute("SELECT number FROM ledger.numbers ORDER BY 1")]
        streams = {
            number: [entry.event for entry in desk.records.history(number, AUDITOR)]
            for number in numbers
            if number.startswith("INC-")
        }
    for changes in ({}, *policies(Random(11))):
        document = asks.ask({**changes, "duplicate_threshold": changes.get("duplicate_threshold", 0.75)})
        now = datetime.fromisoformat(document["as_of"])
        policy = proposed(yaml.safe_dump(changes), present) if changes else present
        expected: Found = {name: Counter() for name in ("moves", "respond", "resolve", "closures", "flags")}
        for events in streams.values():
            judge(events, present, policy, now, expected)
        assert found(document) == expected
        if not changes:
            assert unchanged(document)
        elif "matrix" in changes:
            assert expected["moves"]
    assert document["cases"] == len(streams)


def found(document: dict[str, Any]) -> Found:
    """The counts of an answer in the form of the naive replay."""
    targets = {
        name: Counter(
            {(tense, kept): target[tense][kept] for tense in ("was", "would") for kept in ("met", "missed", "open")}
        )
        for name, target in document["targets"].items()
    }
    closures, duplicates = document["closures"], document["duplicates"]
    changed = Counter({each["change"]: each["cases"] for each in closures["changes"]})
    changed["by_timer"] = closures["by_timer"]
    flags = Counter(was=duplicates["was_flagged"], would=duplicates["would_flag"], searched=duplicates["searched"])
    moves = Counter({(each["from"], each["to"]): each["cases"] for each in document["priorities"]["moves"]})
    every = {"moves": moves, **targets, "closures": changed, "flags": flags}
    return {name: +counts for name, counts in every.items()}


def unchanged(document: dict[str, Any]) -> bool:
    """Whether the answer has no difference at all."""
    targets = document["targets"].values()
    kept = all(target["was"] == target["would"] and not target["changes"] for target in targets)
    nothing = not document["priorities"]["moves"] and not document["closures"]["changes"]
    return kept and nothing and document["changes"] == {} and document["duplicates"]["changes"] == []


def judge(events: list[Any], present: Policy, policy: Policy, now: datetime, into: Found) -> None:
    """Judge one case from all of its events, applied to the aggregate itself."""
    case: Case | None = None
    assessed: Prioritized | None = None
    pauses: list[tuple[datetime, datetime]] = []
    windows: list[dict[str, Any]] = []
    for event in events:
        wait, settled, rested = (
            (case.pending, case.status in SETTLED, case.resolved_at) if case else (None, False, None)
        )
        case = event.mutate(case)
        assert case is not None
        assessed = event if isinstance(event, Prioritized) else assessed
        if wait is not None and case.pending is not wait and wait.reason in policy.pausing:
            until = (
                case.pending.since if case.pending else case.resolved_at if case.status in SETTLED else event.timestamp
            )
            assert until is not None
            pauses.append((wait.since, until))
        if settled and case.status not in SETTLED and isinstance(event, Reopened | Unlinked):
            assert rested is not None
            pauses.append((rested, event.timestamp))
        _window(event, case, windows)
    assert case is not None
    opening = events[0]
    assert isinstance(opening, Logged)
    _judge_duplicates(opening, present, policy, into)
    _judge_windows(windows, case, policy, now, into)
    if assessed is None or case.priority is None:
        return
    would = case.priority
    if assessed.computed is None:
        would = policy.matrix.priority(Level(assessed.impact), Level(assessed.severity))
    if would != case.priority:
        into["moves"][case.priority, would] += 1
    if assessed.respond_by is None or (case.resolution and case.resolution.code in NO_INCIDENT):
        return
    named = assessed.calendar if assessed.calendar and assessed.calendar.of != "policy" else None
    support: SupportCalendar = policy.support(would, named)
    calendar, target = policy.named(support.name), policy.targets[would - 1]
    respond_by = calendar.add(case.received_at, target.respond)
    resolve_by = calendar.add(case.received_at, target.resolve, pauses)
    done = {"respond": case.responded_at, "resolve": case.resolved_at}
    for name, was, then in (("respond", case.respond_by, respond_by), ("resolve", case.resolve_by, resolve_by)):
        assert was is not None
        into[name]["was", _kept(done[name], was, now)] += 1
        into[name]["would", _kept(done[name], then, now)] += 1


def _kept(done: datetime | None, due: datetime, now: datetime) -> str:
    if done is None:
        return "open" if now <= due else "missed"
    return "met" if done <= due else "missed"


def _window(event: Any, case: Case, windows: list[dict[str, Any]]) -> None:
    if isinstance(event, Notified | Informed) and event.dispute_until is not None:
        windows.append({"since": case.window_since, "first": event.dispute_until, "until": event.dispute_until})
    elif isinstance(event, NotificationFailed) and event.stops_window:
        windows.pop()
    elif isinstance(event, DisputeDismissed) and event.dispute_until is not None and windows:
        windows[-1]["until"] = event.dispute_until
    elif isinstance(event, Closed) and windows and "ended" not in windows[-1]:
        windows[-1] |= {"ended": event.closed_at, "timer": event.by.subject == CLOSES}
    elif isinstance(event, Reopened) and windows:
        windows[-1].setdefault("ended", event.timestamp)


def _judge_windows(windows: list[dict[str, Any]], case: Case, policy: Policy, now: datetime, into: Found) -> None:
    counts = into["closures"]
    for window in windows:
        would = policy.window_from(window["since"]) + (window["until"] - window["first"])
        if window.get("timer"):
            counts["by_timer"] += 1
            closes = would + (window["ended"] - window["until"])
            if closes > now:
                counts["not_closed_by_now"] += 1
            elif closes != window["ended"]:
                counts["earlier" if closes < window["ended"] else "later"] += 1
        elif "ended" not in window and case.status == "resolved" and would <= now < window["until"]:
            counts["by_timer"] += 1
            counts["closed_by_now"] += 1


def _judge_duplicates(opening: Logged, present: Policy, policy: Policy, into: Found) -> None:
    if opening.candidates is None:
        return
    most = max((each.score for each in opening.candidates), default=-1.0)
    into["flags"].update(
        searched=1, was=int(most >= present.duplicate_threshold), would=int(most >= policy.duplicate_threshold)
    )


def test_only_cases_of_the_period_are_compared_and_nothing_is_recorded(asks: Asks) -> None:
    asks.load(100)
    with asks.database.connect("api") as connection:
        (before,) = connection.execute("SELECT max(notification_id) FROM ledger.stored_events").fetchone() or (0,)
        (cases,) = connection.execute(
            "SELECT count(*) FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c WHERE received_at >= %s",
            (datetime(2026, 1, 1, 6, tzinfo=UTC),),
        ).fetchone() or (0,)
    document = asks.ask({"dispute_window": "PT96H"}, "--from", "2026-01-01")
    assert document["cases"] == cases
    assert document["changes"] == {"dispute_window": {"from": "P3D", "to": "P4D"}}
    assert timedelta(hours=document["closures"]["median_shift_hours"]) == timedelta(hours=24)
    with asks.database.connect("api") as connection:
        assert connection.execute("SELECT max(notification_id) FROM ledger.stored_events").fetchone() == (before,)
    table = asks.run({"dispute_window": "PT96H"})
    assert "nobody can know" in table.stdout
    lines = asks.run({"dispute_window": "PT96H"}, "--format", "csv").stdout.splitlines()
    assert lines[0] == '"what","was","would","cases","examples"'


def test_a_policy_that_nobody_could_adopt_is_refused(asks: Asks) -> None:
    asks.load(100)
    refusals: list[tuple[Any, str]] = [
        ({"dispute_window": "PT1H"}, "never shorter than 72 h"),
        ({"nothing": 1}, "policy field nothing"),
        ([], "at least one"),
    ]
    for policy, says in refusals:
        told = asks.run(policy)
        assert told.exit_code == 2
        assert says in " ".join(told.stderr.split())
