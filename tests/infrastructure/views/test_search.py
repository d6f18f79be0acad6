"""Problems, known errors, and search by words."""

from __future__ import annotations

from typing import Any

import pytest

from application.views.open_reports import terms_of
from application.views.questions import Listing, Page
from application.views.similar import Profile
from domain.problem import Problem
from domain.values import Disclosure, DisclosureKind, Role
from infrastructure.views.projector import Projector
from infrastructure.views.rebuild import rebuild_views
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase
from tests.infrastructure.histories import (
    FIXED,
    NOW,
    POLICY,
    TEAM,
    History,
    by,
    moment,
    said,
    verification,
)
from tests.infrastructure.views.searches import NEVER, erase

ALL = Page(limit=200)


def numbers(listing: Listing, name: str = "number") -> list[Any]:
    return [item[name] for item in listing.items]


def known(history: History) -> list[Problem]:
    return [
        history.published("Stripes on paper", "printer prints stripes", "clean the drum"),
        history.published("Mailbox cannot be opened", "outlook asks for a password", "sign out and in", "email"),
        history.published("Paper jam", "printer stops", "open the lid and pull the paper"),
    ]


def test_problems_are_listed_and_filtered(history: History, projector: Projector, views: BlockingDesk) -> None:
    stripes, mailbox, _ = known(history)
    stripes.link("INC-0000001", by(2))
    stripes.link("INC-0000002", by(2))
    plain = history.problem()
    history.put(stripes)
    projector.catch_up()
    listed = views.lists.problems({}, ALL)
    assert len(listed.items) == 4
    assert listed.items[0] == {
        "number": stripes.number, "id": stripes.id, "version": 4, "status": "known_error", "priority": 3,
        "service": "printing", "incidents": 2, "known_error": "KE-0000001", "opened_at": NOW, "resolved_at": None,
        "closed_at": None,
    }  # fmt: skip
    assert numbers(views.lists.problems({"status": "open"}, ALL)) == [plain.number]
    assert numbers(views.lists.problems({"service": "email"}, ALL)) == [mailbox.number]
    assert numbers(views.lists.problems({"known_error": "KE-0000002"}, ALL)) == [mailbox.number]
    first = views.lists.problems({}, Page(limit=2))
    assert numbers(views.lists.problems({}, Page(first.next_key))) == numbers(listed)[2:]
    with pytest.raises(ValueError, match="colour is no filter"):
        views.lists.problems({"colour": "red"}, ALL)


@pytest.mark.parametrize(
    ("query", "service", "found"),
    [
        ("printer", None, ["KE-0000003", "KE-0000001"]),
        ("printing stripes", None, ["KE-0000001"]),
        ("pritner", None, ["KE-0000001", "KE-0000003"]),
        ("mailbxo", None, ["KE-0000002"]),
        ("mailbox", "printing", []),
        ("paper -jam", None, ["KE-0000003"]),
        ("coffee", None, []),
        ("", None, []),
        ("\0", None, []),
        (None, "email", ["KE-0000002"]),
        (None, None, ["KE-0000001", "KE-0000002", "KE-0000003"]),
    ],
)
def test_known_errors_are_found_by_their_words_also_misspelt(
    history: History,
    projector: Projector,
    views: BlockingDesk,
    query: str | None,
    service: str | None,
    found: list[str],
) -> None:
    known(history)
    projector.catch_up()
    listing = views.search.known_errors(query, service, ALL)
    assert sorted(numbers(listing, "id")) == sorted(found)
    scores = numbers(listing, "score")
    if query is None:
        assert set(scores) == {None}
    else:
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)
    paged: list[Any] = []
    page = Page(limit=1)
    while page is not None:
        part = views.search.known_errors(query, service, page)
        paged += part.items
        page = Page(part.next_key, 1) if part.next_key else None  # type: ignore[assignment]
    assert paged == listing.items


def test_known_errors_of_settled_problems_come_last_and_reworded_ones_in_their_new_words(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    stripes, *_ = known(history)
    article = said(title="Printer stripes printer", symptoms="printer", workaround="new drum")
    stripes.publish_known_error("KE-9", article, by(2))
    stripes.find_root_cause(said(), by(3))
    stripes.resolve(said(), by(4))
    history.put(stripes)
    projector.catch_up()
    found = views.search.known_errors("printer", None, ALL).items
    assert [(item["id"], item["problem_status"]) for item in found] == [
        ("KE-0000003", "known_error"),
        ("KE-0000001", "resolved"),
    ]
    assert found[1]["score"] > found[0]["score"]
    assert set(found[0]) == {
        "id", "problem", "problem_status", "service", "title", "symptoms", "workaround", "score"
    }  # fmt: skip
    assert found[1]["workaround"] == "new drum"
    assert views.search.known_errors("clean", None, ALL).items == []


def test_an_erased_article_is_found_no_more_and_leaves_nothing_in_a_rebuilt_view(
    history: History, projector: Projector, database: TestDatabase, views: BlockingDesk
) -> None:
    stripes, *_ = known(history)
    projector.catch_up()
    erase(database, stripes.id)
    assert numbers(views.search.known_errors(None, None, ALL), "id") == ["KE-0000002", "KE-0000003"]
    with database.connect("projector") as connection:
        rebuild_views(connection)
        rows = connection.execute("SELECT known_error FROM views.known_errors ORDER BY 1").fetchall()
    assert rows == [("KE-0000002",), ("KE-0000003",)]


def test_cases_are_searched_by_what_customers_said_as_last_corrected(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    stripes = history.logged(0, words={"subject": "Printer 17", "description": "prints stripes"})
    mailbox = history.logged(1, words={"subject": "Mailbox", "description": "cannot be opened", "symptoms": "password"})
    history.logged(2)
    mailbox.correct(
        "symptoms", by(3), value=None, words=said(DisclosureKind.CUSTOMER_WORDS, symptoms="timeout"), reason=None
    )
    history.put(mailbox)
    projector.catch_up()
    assert numbers(views.search.cases("stripe printer", ALL)) == [stripes.number]
    assert numbers(views.search.cases("timeouts", ALL)) == [mailbox.number]
    assert numbers(views.search.cases("mialbox", ALL)) == [mailbox.number]
    assert views.search.cases("password", ALL).items == []
    (item,) = views.search.cases("printer", ALL).items
    assert (item["subject"], item["status"], item["version"]) == ("Printer 17", "logged", 1)
    assert 0.5 < item["score"] <= 1


def test_field_12_replies_notes_solutions_and_file_names_are_searched_in_open_and_closed_cases(
    history: History, projector: Projector, database: TestDatabase, views: BlockingDesk, finder: Any
) -> None:
    case = history.assigned(0, words={"subject": "Scanner"})
    case.verify(verification(3), by(3, TEAM))
    case.resolve(FIXED, said(solution="replaced the lamp"), POLICY, by(3, TEAM))
    reply = said(DisclosureKind.CUSTOMER_WORDS, text="Please call 2204.", quoted="quoted words")
    case.receive_message("m-1", "jo", moment(5), reply, None, by(5))
    case.note(said(text="spoke to the janitor"), by(6))
    file = Disclosure.of(
        "jo", DisclosureKind.ATTACHMENT, {"name": "floor-plan_3017.pdf", "size": 1, "sha256": ""}, bytes
    )
    assert file is not None
    case.attach([file], POLICY, by(7), visible_to_customer=True)
    history.put(case)
    for _ in range(2):
        projector.catch_up()
        for query in ("2204", "scanner 2204", "janitor", "lamps", "3017", "floor plan", "lamp janitor"):
            assert numbers(views.search.cases(query, ALL)) == [case.number], query
        for query in ("quoted", "2205"):
            assert views.search.cases(query, ALL).items == []
        others = Profile("~", None, moment(9), None, terms_of("janitor 2204"))
        assert finder.similar(others, NEVER, 20, certain=0.7) == [], "cases are compared by their reports"
        with database.connect("projector") as connection:
            rebuild_views(connection)
    history.tell(case, 10)
    case.close_elapsed(case.resolution_version or 0, POLICY, by(10 + 72 * 60, Role.SYSTEM))
    history.put(case)
    projector.catch_up()
    assert numbers(views.search.cases("2204", ALL)) == [case.number]
    erase(database, case.id)
    assert views.search.cases("2204", ALL).items == []


def test_field_12_of_very_much_that_was_said_the_last_is_found(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    case = history.logged(0, words={"subject": "Scanner", "description": "語彙" * 20_000})
    for number in range(3):
        signs = "".join(chr(0x4E00 + (place * 7 + number) % 20_000) for place in range(60_000))
        case.note(said(text=f"last{number} {signs}"), by(number + 1))
    history.put(case)
    projector.catch_up()
    assert numbers(views.search.cases("last2", ALL)) == numbers(views.search.cases("scanner", ALL)) == [case.number]
    assert views.search.cases("last0", ALL).items == []


def test_search_is_paged_by_score(history: History, projector: Projector, views: BlockingDesk) -> None:
    for place in range(5):
        history.logged(place, words={"subject": "printer " * (place % 3 + 1), "description": "x " * place})
    projector.catch_up()
    whole = views.search.cases("printer", ALL)
    paged: list[Any] = []
    page = Page(limit=2)
    for _ in range(3):
        part = views.search.cases("printer", page)
        paged += part.items
        page = Page(part.next_key, 2)
    assert part.next_key is None
    assert paged == whole.items
    assert len(whole.items) == 5


def test_closed_cases_are_found_by_their_words_and_by_similar_ones_and_erased_ones_not_at_all(
    history: History, projector: Projector, database: TestDatabase, views: BlockingDesk
) -> None:
    case = history.resolved(0, words={"subject": "Printer"})
    history.tell(case, 10)
    case.close_elapsed(case.resolution_version or 0, POLICY, by(10 + 72 * 60, Role.SYSTEM))
    history.put(case)
    projector.catch_up()
    assert numbers(views.search.cases("printer", ALL)) == [case.number]
    assert numbers(views.search.cases("pritner", ALL)) == [case.number]
    erase(database, case.id)
    for query in ("printer", "pritner"):
        assert views.search.cases(query, ALL).items == [], query


def test_words_that_a_database_cannot_hold_do_not_stop_the_projector(
    history: History, projector: Projector, views: BlockingDesk
) -> None:
    words = {"subject": "Printer\0", "description": "\ud83d broken \0 \U0001f5a8", "symptoms": "lang " * 60_000}
    case = history.logged(0, words=words)
    projector.catch_up()
    assert numbers(views.search.cases("broken", ALL)) == [case.number]
