"""Cases that may be about the same: found among open ones, never behind the record (R-5.6a)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest

from application.cases.likeness import candidates, least_shared
from application.views.open_reports import terms_of
from application.views.similar import Match, Profile
from domain.case import Case
from domain.values import DisclosureKind, Role
from infrastructure.postgres.queries import load
from infrastructure.views import similar, unfolded
from infrastructure.views.projector import Projector
from tests.conftest import TestDatabase, differences
from tests.infrastructure.histories import NOW, POLICY, History, by, moment, said
from tests.infrastructure.views.full_comparison import full_comparison, open_reports
from tests.infrastructure.views.searches import NEVER, erase

HORIZON, CERTAIN = POLICY.duplicate_horizon, least_shared(POLICY.duplicate_threshold)


@pytest.fixture
def superuser(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


def asked(words: str, until: datetime, number: str = "~", **changes: Any) -> Profile:
    given: dict[str, Any] = {"service": "printing", "external_ref": None}
    return Profile(number, received_at=until, terms=terms_of(words), **given | changes)


def close(history: History, case: Case) -> None:
    history.tell(case, 10)
    case.close_elapsed(case.resolution_version or 0, POLICY, by(10 + 72 * 60, Role.SYSTEM))
    history.put(case)


def search(finder: Any, one: Profile, since: datetime, limit: int, decided: Collection[str] = ()) -> list[Match]:
    found: list[Match] = finder.similar(one, since, limit, certain=CERTAIN, decided=decided)
    return found


def numbers(found: Any) -> list[str]:
    return [match.number for match in found]


def counted(superuser: psycopg.Connection[Any]) -> dict[int, int]:
    """How many open reports have each term, as the view counts them, and as they are."""
    kept = dict(superuser.execute("SELECT term, cases FROM views.open_terms").fetchall())
    rows = superuser.execute("SELECT terms FROM views.open_reports").fetchall()
    assert kept == Counter(term for (terms,) in rows for term in terms)
    return kept


def test_similar_reports_are_found_among_open_cases_received_in_time(
    history: History, projector: Projector, finder: Any
) -> None:
    words = {"subject": "Printer 17 prints stripes", "description": "since this morning"}
    alike = history.logged(0, words=words, external_ref="alert-1")
    partly = history.logged(1, words={"subject": "Printer 18 does not print"})
    history.logged(2, words={"subject": "Mailbox"})
    close(history, history.resolved(3, words=words))
    for folded in (False, True):
        if folded:
            projector.catch_up()
        found = search(finder, asked("stripes from printer 17 (it's <b>'x\\'</b>)", moment(2)), NEVER, 20)
        assert numbers(found) == [alike.number, partly.number]
        assert (found[0].service, found[0].received_at, found[0].external_ref) == ("printing", NOW, "alert-1")
        assert 0 < found[1].shared < found[0].shared < 1
        for since, until, expected in (
            (NEVER, moment(0.5), [alike.number]),
            (moment(0.5), moment(2), [partly.number]),
            (NOW, moment(0.1), [alike.number]),
            (NEVER, NOW, [alike.number]),
        ):
            assert numbers(search(finder, asked("stripes, printer", until), since, 20)) == expected
        assert numbers(search(finder, asked("stripes, printer", moment(2)), NEVER, 20, [alike.number])) == [
            partly.number
        ]
        assert search(finder, asked("stripes, printer", NOW, alike.number), NEVER, 20) == [], "not even itself"
        for nothing in ("", "the of and", "\0", "coffee"):
            assert search(finder, asked(nothing, moment(9999)), NEVER, 20) == []


def test_the_same_fingerprint_is_found_whatever_the_words(history: History, projector: Projector, finder: Any) -> None:
    same = history.logged(0, words={"subject": "disk full"}, external_ref="alert:77")
    history.logged(0, words={"subject": "disk full"}, external_ref="alert:78")
    for folded in (False, True):
        if folded:
            projector.catch_up()
        found = search(finder, asked("something else", moment(9), external_ref="alert:77"), NEVER, 20)
        assert [(match.number, match.shared) for match in found] == [(same.number, 0)]


def test_erased_reports_are_not_found(
    history: History, projector: Projector, database: TestDatabase, finder: Any
) -> None:
    later, earlier, erased = (history.logged(minutes, words={"subject": "Printer"}) for minutes in (5, 1, 0))
    erase(database, erased.id)
    expected = [earlier.number, later.number]
    assert numbers(search(finder, asked("printer", moment(9)), NEVER, 20)) == expected
    projector.catch_up()
    erase(database, later.id)
    assert numbers(search(finder, asked("printer", moment(9)), NEVER, 20)) == [earlier.number]


def test_a_corrected_or_reopened_report_is_found_at_once_in_its_latest_words(
    history: History, projector: Projector, finder: Any
) -> None:
    corrected, reopened = history.logged(0, words={"subject": "Printer"}), history.resolved(1, words={"subject": "VPN"})
    close(history, reopened)
    projector.catch_up()
    assert search(finder, asked("scanner vpn", moment(9)), NEVER, 20) == []
    scanner = said(DisclosureKind.CUSTOMER_WORDS, subject="Scanner")
    corrected.correct("subject", by(2), value=None, words=scanner, reason=None)
    reopened.dispute(moment(20), POLICY, by(10 + 72 * 60))
    history.put(corrected, reopened)
    for folded in (False, True):
        if folded:
            projector.catch_up()
        assert set(numbers(search(finder, asked("scanner vpn", moment(9)), NEVER, 20))) == {
            corrected.number,
            reopened.number,
        }
    assert search(finder, asked("printer", moment(9)), NEVER, 20) == []


VOCABULARY = ("printer", "jams", "17", "18", "floor", "mailbox", "full", "VPN", "B204", "slow")


def test_r_5_6a_the_bounded_search_finds_what_the_full_comparison_finds(
    history: History, projector: Projector, database: TestDatabase, finder: Any, superuser: psycopg.Connection[Any]
) -> None:
    chance = random.Random(56)

    def report() -> tuple[str, str | None, str | None, int]:
        words = " ".join(chance.choices(VOCABULARY, k=chance.randint(1, 6)))
        service, ref = chance.choice(["printing", "email", None]), chance.choice([None, None, "a:1", "a:2"])
        return words, service, ref, chance.randint(0, 30)

    for _ in range(25):
        closed = set()
        for _ in range(chance.randint(1, 6)):
            words, service, ref, days = report()
            change = chance.choice(["nothing", "close", "correct", "fold"])
            at: dict[str, Any] = {"minutes": days * 1440, "words": {"subject": words}, "external_ref": ref}
            case = history.resolved(**at) if change == "close" else history.logged(**at, service=service)
            if change == "close":
                close(history, case)
                closed.add(case.number)
            if change == "correct":
                case.correct("service", by(days * 1440), value="email", words=None, reason=None)
                history.put(case)
            if change == "fold":
                projector.catch_up()
        words, service, ref, days = report()
        profile = asked(words, moment(days * 1440 + 1), service=service, external_ref=ref)
        since = profile.received_at - HORIZON
        full = candidates(profile, full_comparison(superuser, profile, since), HORIZON)[:40]
        unfolded = candidates(profile, search(finder, profile, since, 200), HORIZON)
        assert [each for each in unfolded if each.case not in closed][:40] == full, "closed a moment ago or not"
        projector.catch_up()
        assert candidates(profile, search(finder, profile, since, 200), HORIZON)[:40] == full
        assert set(counted(superuser)) == {
            term for _, profile, terms in open_reports(superuser) for term in [*terms, *days_of(profile, terms)]
        }
    assert differences(database) == {}


def days_of(report: Profile, terms: frozenset[int]) -> list[int]:
    return [-report.received_at.toordinal()] if terms else []


def test_of_very_many_unfolded_reports_the_newest_are_read_first_and_all_in_the_end(
    history: History, projector: Projector, finder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfolded, "_AT_ONCE", 2)
    cases = [history.logged(minutes, words={"subject": "Printer"}) for minutes in range(9)]
    one = asked("printer", moment(99))
    for known in (4, 6, 8, 9, 9):
        assert set(numbers(search(finder, one, NEVER, 20))) == {case.number for case in cases[-known:]}
    cases += [history.logged(minutes, words={"subject": "Printer"}) for minutes in range(9, 14)]
    for known in (4, 6, 14):
        assert set(numbers(search(finder, one, NEVER, 20))) >= {case.number for case in cases[-known:]}
    projector.catch_up()
    assert len(search(finder, one, NEVER, 20)) == 14
    assert finder.target._unfolded._reports == {}
    assert finder.target._unfolded._with == {}


def test_r_5_6a_of_very_many_reports_those_with_most_of_the_terms_are_found_for_certain(
    history: History, projector: Projector, finder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though each of their words is common, and few reports are compared."""
    monkeypatch.setattr(similar, "_POSTINGS", 2)
    words = ("printer", "jams", "toner", "floor")
    for number in range(12):
        history.logged(0, words={"subject": f"{words[number % 4]} {words[(number + 1) % 4]} monday"})
    alike = history.logged(1, words={"subject": "jams toner floor friday"})
    projector.catch_up()
    assert len(search(finder, asked("printer", moment(9)), NEVER, 40)) == 6, "of seven, three times as many"
    assert alike.number in numbers(search(finder, asked("jams toner floor", moment(9)), NEVER, 40))


def test_of_what_is_not_folded_only_the_range_that_is_not_known_is_read(
    history: History, superuser: psycopg.Connection[Any]
) -> None:
    """Whatever the values: PostgreSQL keeps one plan for all of them."""
    history.logged()
    query = load("finding", "infrastructure.views")["unfolded"].decode()
    for place, name in enumerate(("after", "until", "most"), start=1):
        query = query.replace(f"%({name})s", f"${place}")
    superuser.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    superuser.execute(f"PREPARE unfolded AS {query}".encode())
    plan = "\n".join(row[0] for row in superuser.execute("EXPLAIN EXECUTE unfolded (5, NULL, 10)").fetchall())
    assert "Index Cond: ((notification_id > GREATEST(" in plan
