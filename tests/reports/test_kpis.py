"""Each KPI is what a second, naive count of the raw events says, over random histories, now and as of random moments."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from application.reports.definitions import REPORTS
from application.views.questions import Point, ReportQuestion
from infrastructure.views.keeper import Keeper
from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.reports.answers import KEPT
from tests.blocking import BlockingDesk, on_pool
from tests.conftest import TestDatabase, cloned
from tests.infrastructure.histories import open_history
from tests.reports import naive
from tests.reports.figures import figures
from tests.reports.lives import STARTS, Lives
from tests.reports.naive import Count, Question
from tests.reports.raw import Life, lives_of

ZONES = ("America/Chicago", "UTC", "Asia/Kathmandu")
BY = (None, "team", "priority", "service,month", "month", "month,agency", "channel,team")
LATEST, END = 2**62, datetime.max.replace(tzinfo=UTC)
Key = tuple[Any, ...]


def key_of(count: Count, by: tuple[str, ...], zone: str) -> Key:
    month = count.at and count.at.astimezone(ZoneInfo(zone)).strftime("%Y-%m")
    return tuple(month if name == "month" else count.dimensions[name] for name in by)


COUNTS: dict[str, Any] = {
    "volume": naive.volume,
    "acknowledge": naive.acknowledge,
    "respond": naive.respond,
    "resolve": naive.resolve,
    "resolution": naive.resolve,
    "attainment": naive.attainment,
    **dict.fromkeys(("first_contact", "reopen_rate", "referral", "unreachable", "problem_links"), naive.outcome),
    **dict.fromkeys(("hand_back", "notifications", "closures", "major_incidents", "deviations"), naive.happenings),
}
ELSEWHERE = {"reopenings", "outcomes", "backlog"}
"""Counted with the reports that share their figures, in tests/infrastructure/views, and below."""


def counted(name: str, lives: Iterable[Life], asked: Question) -> list[Count]:
    return [count for life in lives for count in COUNTS[name](life, asked)]


def matches(report: dict[str, Any], name: str, counts: list[Count], zone: str) -> None:
    """The report has the figures of the counts, in all and by each breakdown."""
    expected = figures(name, counts)
    assert {figure: report["totals"][figure] for figure in expected} == expected, name
    by = tuple(report["by"].split(",")) if report["by"] else ()
    groups: defaultdict[Key, list[Count]] = defaultdict(list)
    for count in counts if by else ():
        groups[key_of(count, by, zone)].append(count)
    rows = {tuple(row[each] for each in by): row for row in report["rows"]}
    assert set(rows) <= set(groups), name
    for key, those in groups.items():
        wanted = figures(name, those)
        if key in rows:
            assert {figure: rows[key][figure] for figure in wanted} == wanted, (name, key)
        else:
            assert not any(value for value in wanted.values() if isinstance(value, int)), (name, key)


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """How often each report had something to count."""
    return Counter()


_AS_FOUND: dict[str, Any] = {"derandomize": True, "database": None, "deadline": None, "phases": (Phase.generate,)}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], **_AS_FOUND)
@given(chance=st.randoms(use_true_random=False))
def test_every_kpi_is_what_a_naive_count_of_raw_events_says(server: str, seen: Counter[str], chance: Random) -> None:
    with cloned(server) as database:
        start = live(database, chance)
        with on_pool(database, "api", views_on) as views:
            for point in points(database, chance):
                look(database, views, point, start, chance, seen)


def test_something_of_everything_was_counted(seen: Counter[str]) -> None:
    assert min(seen[name] for name in REPORTS if name not in ELSEWHERE) > 0, seen


def live(database: TestDatabase, chance: Random) -> datetime:
    """Random lives on the record, folded in random batches. Returns when they begin."""
    with open_history(database) as history:
        lives = Lives(history, chance)
        lives.live(cases=14, steps=220)
    with database.connect("projector") as connection:
        keeper = Keeper(connection, least_cases=0)
        while Projector(connection).fold_batch(chance.choice((1, 7, 40, 500))):
            for name, by in chance.sample(sorted(KEPT), len(KEPT) // 20):
                keeper.keep(name, by, chance.choice(ZONES))
    return lives.start


def points(database: TestDatabase, chance: Random) -> list[Point]:
    """Now, at a position, by a moment, and both."""
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute("SELECT max(notification_id) FROM ledger.stored_events").fetchone()
    last = int(row[0]) if row else 0

    def moment() -> datetime:
        return STARTS[0] + timedelta(days=chance.randrange(280)) if chance.random() < 0.2 else near(chance)

    def near(chance: Random) -> datetime:
        return chance.choice(STARTS) + timedelta(minutes=10 * chance.randrange(6 * 24 * 30))

    return [
        Point(),
        *(Point(chance.randint(1, last)) for _ in range(2)),
        *(Point(None, moment()) for _ in range(2)),
        Point(chance.randint(1, last), moment()),
    ]


def look(
    database: TestDatabase, views: BlockingDesk, point: Point, start: datetime, chance: Random, seen: Counter[str]
) -> None:
    lives = lives_of(database, point.position or LATEST, point.effective_at or END)
    bounds = sorted(start + timedelta(hours=chance.randrange(24 * 40)) for _ in range(2))
    since, until = (None, None) if chance.random() < 0.5 else bounds
    now = start + timedelta(days=chance.randrange(5, 40))
    moment = min(now, point.effective_at or END)
    asked = Question(since or datetime.min.replace(tzinfo=UTC), until or END, moment)
    zone = chance.choice(ZONES)
    for name in REPORTS:
        question = ReportQuestion(name, since, until, point, chance.choice(BY), now, zone)
        if name == "backlog":
            by = chance.choice((None, "month"))
            look_at_backlog(views, replace(question, by=by, now=start + timedelta(days=400)), lives)
        elif name not in ELSEWHERE:
            counts = counted(name, lives, asked)
            matches(views.reports.report(question), name, counts, zone)
            seen[name] += any(count.adds.total() for count in counts)


def look_at_backlog(views: BlockingDesk, question: ReportQuestion, lives: list[Life]) -> None:
    """The open cases at the instant, and at the end of each month before it."""
    assert question.now is not None
    instant = min(question.now, question.point.effective_at or END, question.until or END)
    report = views.reports.report(question)
    expected = figures("backlog", [count for life in lives for count in naive.backlog(life, instant)])
    assert {figure: report["totals"][figure] for figure in expected} == expected
    zone = ZoneInfo(question.zone)
    for row in report["rows"]:
        year, month = map(int, row["month"].split("-"))
        end = min(datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone).astimezone(UTC), instant)
        wanted = figures("backlog", [count for life in lives for count in naive.backlog(life, end)])
        assert {figure: row[figure] for figure in wanted} == wanted, row["month"]
