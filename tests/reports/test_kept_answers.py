"""A kept answer with what has changed since is the answer that is counted anew, whatever has changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from application.reports.definitions import breakdowns_of
from application.reports.report import Breakdown
from application.views.questions import Point, ReportQuestion
from infrastructure.views import keeper as keeper_module
from infrastructure.views.keeper import Keeper
from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.reports import answers, view
from infrastructure.views.questions.reports.answers import KEPT
from infrastructure.views.questions.reports.statements import PERCENTILES
from infrastructure.views.rebuild import rebuild_views
from tests.blocking import BlockingDesk, on_pool
from tests.conftest import TestDatabase
from tests.infrastructure.histories import open_history
from tests.reports.lives import Lives

ZONE = "America/Chicago"
"""The zone of the first policy."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reports that a kept answer has served."""
    names: list[str] = []
    asked = answers.kept_answer

    async def kept_answer(views: Any, question: ReportQuestion, *others: Any) -> list[Any] | None:
        rows = await asked(views, question, *others)
        if rows is not None:
            names.append(question.name)
        return rows

    monkeypatch.setattr(view, "kept_answer", kept_answer)
    return names


@contextmanager
def desk(
    database: TestDatabase, seed: int, cases: int = 14, steps: int = 220
) -> Iterator[tuple[BlockingDesk, Projector, datetime]]:
    """Random lives on the record of which nothing is folded yet."""
    with open_history(database) as history:
        lives = Lives(history, Random(seed))
        lives.live(cases, steps)
    with on_pool(database, "api", views_on) as views, database.connect("projector") as connection:
        yield views, Projector(connection), lives.start


def keep(database: TestDatabase, asked: list[ReportQuestion], mark: int = 0) -> None:
    """Keep the answers to these questions, at a mark or at the last position."""
    with database.connect("projector") as connection:
        keeper = Keeper(connection)
        for question in asked:
            by = tuple(sorted(breakdowns_of(question.by), key=list(Breakdown).index))
            assert keeper.keep(question.name, by, ZONE, mark)


def forget_all(database: TestDatabase) -> None:
    with psycopg.connect(database.superuser) as connection:
        connection.execute("TRUNCATE views.report_answers, views.report_windows")


def questions(chance: Random, now: datetime | None = None, point: Point | None = None) -> list[ReportQuestion]:
    """Every kept report by two breakdowns or fewer, in any order."""
    asked = []
    for name in dict.fromkeys(name for name, _ in KEPT):
        by = chance.choice([by for other, by in KEPT if other == name and (name != "volume" or by)])
        told = ",".join(chance.sample(by, len(by)))
        asked.append(ReportQuestion(name, by=told or None, now=now, zone=ZONE, point=point or Point()))
    return asked


def ask(views: BlockingDesk, asked: list[ReportQuestion]) -> list[dict[str, Any]]:
    return [views.reports.report(question) for question in asked]


def fold_to(projector: Projector, events: int) -> None:
    while events > 0 and (folded := projector.fold_batch(min(events, 50))):
        events -= folded


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_and_what_has_changed_since_are_the_answer_of_now(
    database: TestDatabase, served: list[str], seed: int
) -> None:
    chance = Random(seed)
    with desk(database, seed) as (views, projector, start):
        fold_to(projector, chance.choice((40, 120, 200)))
        asked = questions(chance)
        keep(database, asked)
        before = ask(views, asked)
        assert len(served) == len(asked)
        projector.catch_up()
        then = Point(chance.randint(max(each["position"] for each in before), views.positions.last()))
        later = start + timedelta(days=900)
        asked += [
            replace(each, now=now, point=point) for each in asked for now in (None, later) for point in (Point(), then)
        ]
        kept = ask(views, asked)
        assert len(served) >= len(asked) // 2, "no answer serves a moment before its own, any other it does"
        forget_all(database)
        served.clear()
        for question, answer in zip(asked, kept, strict=True):
            assert views.reports.report(question) == answer, question
        assert not served


@pytest.mark.parametrize("seed", range(4))
def test_the_past_is_the_answer_at_the_mark_before_it_and_what_has_changed_until_then(
    database: TestDatabase, served: list[str], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LEAST_STEP", 32)
    chance = Random(seed)
    with desk(database, seed) as (views, projector, start):
        projector.catch_up()
        asked = questions(chance)
        known = views.positions.last()
        for mark in range(32, known + 1, 32):
            keep(database, asked, mark)
        points = [Point(chance.randint(32, known)) for _ in range(3)]
        later = start + timedelta(days=900)
        asked = [replace(each, now=now, point=point) for each in asked for now in (None, later) for point in points]
        kept = ask(views, asked)
        assert len(served) >= len(asked) // 2, (
            "a mark serves no moment before its own, and these lives run side by side"
        )
        forget_all(database)
        served.clear()
        for question, answer in zip(asked, kept, strict=True):
            assert views.reports.report(question) == answer, question
        assert not served


def test_marks_are_kept_from_the_last_one_and_every_second_is_given_up_when_they_are_too_many(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {each: KEPT[each] for each in (("resolve", ()), ("volume", (Breakdown.TEAM,)))}
    monkeypatch.setattr(keeper_module, "KEPT", some)
    monkeypatch.setattr(answers, "LEAST_STEP", 8)

    def kept(connection: psycopg.Connection[Any]) -> list[int]:
        rows = connection.execute("SELECT position FROM views.report_answers WHERE report = 'volume'").fetchall()
        return sorted(row[0] for row in rows)

    with desk(database, 5, steps=400) as (views, projector, _), database.connect("projector") as connection:
        keeper = Keeper(connection, least_cases=0)
        fold_to(projector, 100)
        known = views.positions.last()
        marks = range(8, known + 1, 8)
        assert keeper.keep_all() == len(some) * (1 + len(marks))
        assert kept(connection) == sorted([*marks, known])
        fold_to(projector, 150)
        last = views.positions.last()
        assert last // 8 > 24
        keeper.keep_all()
        assert kept(connection) == sorted([*range(16, last + 1, 16), last])
        orphans = "SELECT FROM views.report_windows WHERE answer NOT IN (SELECT answer FROM views.report_answers)"
        assert not connection.execute(orphans).fetchall()


def test_an_answer_serves_no_point_before_its_own_and_no_period(database: TestDatabase, served: list[str]) -> None:
    with desk(database, 5, cases=4, steps=30) as (views, projector, start):
        projector.catch_up()
        whole = ReportQuestion("resolve", by="team", zone=ZONE)
        keep(database, [whole])
        before = Point(views.positions.last() - 1)
        for question in (replace(whole, point=before), replace(whole, since=start), replace(whole, until=start),
                         replace(whole, point=Point(None, start)), replace(whole, by="service"), replace(whole, by="service,agency")):  # fmt: skip
            views.reports.report(question)
        assert not served
        views.reports.report(whole)
        assert served == ["resolve"]


def test_months_are_those_of_the_zone_that_was_kept(database: TestDatabase, served: list[str]) -> None:
    with desk(database, 5, cases=4, steps=30) as (views, projector, _):
        projector.catch_up()
        asked = [ReportQuestion("volume", by=by, zone="Asia/Tokyo") for by in ("month", "team")]
        keep(database, asked)
        ask(views, asked)
        assert served == ["volume"], "teams are the same everywhere"


def test_another_definition_makes_an_answer_void_until_it_is_counted_anew(
    database: TestDatabase, served: list[str]
) -> None:
    with desk(database, 5, cases=4, steps=30) as (views, projector, _), database.connect("projector") as connection:
        projector.catch_up()
        keeper = Keeper(connection, least_cases=0)
        assert keeper.keep_all() == len(KEPT)
        assert keeper.keep_all() == 0
        connection.execute("UPDATE views.report_answers SET definition = 'another' WHERE report = 'referral'")
        views.reports.report(ReportQuestion("referral"))
        assert not served
        assert keeper.keep_all() == sum(name == "referral" for name, _ in KEPT)
        views.reports.report(ReportQuestion("referral"))
        assert served == ["referral"]


def test_a_small_desk_keeps_nothing(database: TestDatabase) -> None:
    with desk(database, 5, cases=4, steps=30) as (_, projector, _), database.connect("projector") as connection:
        projector.catch_up()
        assert Keeper(connection).keep_all() == 0


def test_a_rebuild_throws_all_answers_away_and_nothing_is_kept_meanwhile(database: TestDatabase) -> None:
    with desk(database, 5, cases=4, steps=30) as (views, projector, _), database.connect("projector") as connection:
        projector.catch_up()
        asked = questions(Random(1))
        keep(database, asked)
        kept = ask(views, asked)
        rebuild_views(connection)
        assert connection.execute("SELECT count(*) FROM views.report_answers").fetchone() == (0,)
        assert ask(views, asked) == kept
        connection.execute("SELECT pg_advisory_lock(4850712383)")  # as a rebuild does
        with database.connect("projector") as other:
            assert Keeper(other, least_cases=0).keep_all() == 0


def test_two_keepers_at_once_keep_the_same(database: TestDatabase) -> None:
    with desk(database, 5, cases=6, steps=60) as (_, projector, _):
        projector.catch_up()
        asked = [question for question in questions(Random(2)) if question.name in PERCENTILES]

        def keep_again_and_again() -> None:
            with suppress(psycopg.errors.SerializationFailure):  # the worker tries again
                keep(database, asked)

        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(keep_again_and_again) for _ in range(4)]:
                done.result()
        with psycopg.connect(database.superuser) as connection:
            twice = "SELECT FROM views.report_windows GROUP BY answer, key, figure, fraction HAVING count(*) > 1"
            assert not connection.execute(twice).fetchall()
