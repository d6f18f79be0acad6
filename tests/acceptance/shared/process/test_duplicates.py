"""SOP 5.6c: duplicates go on as the first case, related cases for themselves; every link can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from application.administration.catalogue import OPERATOR
from domain.catalogue import HelpDesk
from tests.acceptance.conftest import FIXED, RunningDesk, done, refused
from tests.acceptance.travelling import (
    WINDOW,
    assigned,
    back_to_monday,
    fates,
    history,
    in_diagnosis,
    last,
    links,
    logged,
    mails,
    moment,
    on_monday,
    owner_of,
    parsed,
    read,
    relate,
    resolve,
    topics,
    travel,
    words,
)
from tests.conftest import TestDatabase

SAM = {"name": "Sam Poe", "email": "sam.poe@agency.example", "agency": "dot"}


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    with on_monday(shared_database, keys) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


def duplicates(desk: RunningDesk) -> tuple[str, str]:
    """A case with the network team, and another of the same customer that was resolved into it."""
    said = words()
    first, second = assigned(desk, **said), in_diagnosis(desk, **said)
    relate(desk, second, first, "duplicate")
    return first, second


def test_r_5_6c_related_cases_stay_open_each_with_its_own_verification_and_window(running: RunningDesk) -> None:
    said = words()
    first, second = assigned(running, **said), in_diagnosis(running, **said, customer=SAM)
    related = relate(running, second, first, "related")
    assert (related["status"], related["links"]) == ("in_diagnosis", [{"case": first, "kind": "related"}])
    assert links(running, first) == {second: "related"}
    done(running.technician.post(f"/cases/{second}/assign", {"team": "network"}))
    resolve(running, first)
    assert read(running, second)["status"] == "assigned"
    refused(running.network.post(f"/cases/{second}/resolve", FIXED), 409, "verification-required")
    running.send_mail()
    travel(running, hours=1)
    resolve(running, second)
    running.send_mail()
    windows = [parsed(read(running, number)["dispute_until"]) for number in (first, second)]
    assert windows[1] - windows[0] == timedelta(hours=1)
    travel(running, WINDOW - timedelta(hours=1))
    running.close_elapsed()
    assert [read(running, number)["status"] for number in (first, second)] == ["closed", "resolved"]


def test_r_5_6c_a_duplicate_is_resolved_into_the_first_case_and_its_mail_names_it(running: RunningDesk) -> None:
    first, second = duplicates(running)
    case = read(running, second)
    assert (case["status"], case["resolution"]["code"], case["duplicate_of"]) == ("resolved", "duplicate", first)
    assert (links(running, first), links(running, second)) == ({second: "duplicate"}, {first: "duplicate_of"})
    assert read(running, first)["status"] == "assigned"
    running.send_mail()
    (mail,) = mails(running, second)
    assert f"Continued as {first}" in mail.subject
    assert f"continued as {first}" in mail.text
    assert f"continued as <strong>{first}" in mail.html or f"continued as {first}" in mail.html
    assert fates(running, second) == [["queued", "accepted"]]
    assert "disputes/" not in mail.text
    assert read(running, second)["dispute_until"] is None
    # Nothing of it is emptied or gone.
    assert topics(running, second)[0] == "logged"
    assert case["description"] == read(running, first)["description"]


def test_r_5_6c_a_duplicate_closes_with_the_first_case_and_reopens_with_it(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    running.send_mail()
    travel(running, WINDOW)
    running.close_elapsed()
    for number in (first, second):
        assert read(running, number)["status"] == "closed"
    closed = last(running, second, "closed")
    assert (closed["data"]["with_first"], closed["by"]["subject"]) == (first, "system:auto-close")

    dispute = {"reason": "still silent", "received_at": moment(running, minutes=1), "channel": "phone"}
    done(running.technician.post(f"/cases/{first}/dispute", dispute))
    assert [read(running, number)["status"] for number in (first, second)] == ["assigned", "in_diagnosis"]
    assert last(running, second, "reopened")["data"]["with_first"] == first


def test_r_5_6c_staff_reopening_or_the_customers_word_take_the_duplicate_along(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    done(running.technician.post(f"/cases/{first}/reopen", {"reason": "it came back"}))
    assert read(running, second)["status"] == "in_diagnosis"
    first, second = duplicates(running)
    resolve(running, first)
    done(owner_of(running, first).post(f"/cases/{first}/close", {}))
    assert read(running, second)["status"] == "closed"


@pytest.mark.parametrize("side", ["the duplicate's", "the first one's"])
def test_r_5_6c_a_link_is_undone_from_either_side_and_the_case_goes_on_where_it_was(
    running: RunningDesk, side: str
) -> None:
    first, second = duplicates(running)
    one, other = (second, first) if side == "the duplicate's" else (first, second)
    done(running.technician.post(f"/cases/{one}/unrelate", {"case": other, "reason": "two plotters after all"}))
    assert links(running, first) == links(running, second) == {}
    case = read(running, second)
    assert (case["status"], case["resolution"], case["duplicate_of"]) == ("in_diagnosis", None, None)
    assert last(running, one, "unlinked")["reason"] == "two plotters after all"
    assert "linked" in topics(running, second)  # undone is not undone on the record
    running.send_mail()
    assert fates(running, second) == [["queued", "withdrawn"]]
    refused(
        running.technician.post(f"/cases/{one}/unrelate", {"case": other, "reason": "again"}), 409, "invalid-transition"
    )
    resolve(running, first)
    assert read(running, second)["status"] == "in_diagnosis"


def test_r_5_6c_the_mail_of_a_closed_duplicate_is_withdrawn_when_the_link_is_undone(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    done(owner_of(running, first).post(f"/cases/{first}/close", {}))
    done(running.technician.post(f"/cases/{second}/unrelate", {"case": first, "reason": "two plotters after all"}))
    assert (read(running, second)["status"], read(running, second)["duplicate_of"]) == ("closed", None)
    running.send_mail()
    assert fates(running, second) == [["queued", "withdrawn"]]


def test_r_5_6c_a_related_link_is_undone_symmetrically(running: RunningDesk) -> None:
    first, second = logged(running), logged(running)
    relate(running, second, first, "related")
    done(running.technician.post(f"/cases/{first}/unrelate", {"case": second, "reason": "no"}))
    assert links(running, first) == links(running, second) == {}
    relate(running, first, second, "related")  # and may be made anew
    assert links(running, second) == {first: "related"}


def test_r_5_6c_chains_of_duplicates_are_refused(running: RunningDesk) -> None:
    first, second = duplicates(running)
    third = logged(running)
    before = [history(running, number) for number in (first, second, third)]
    into_a_duplicate = {"case": second, "kind": "duplicate"}
    refused(running.technician.post(f"/cases/{third}/relate", into_a_duplicate), 409, "invalid-transition")
    earlier = {"case": logged(running, received_at=moment(running, hours=1)), "kind": "duplicate"}
    refused(running.technician.post(f"/cases/{first}/relate", earlier), 409, "invalid-transition")
    assert [history(running, number) for number in (first, second, third)] == before


@pytest.mark.parametrize("why", ["later", "another customer's", "itself", "closed", "nothing", "linked"])
def test_r_5_6c_the_first_case_is_the_earliest_open_one_of_the_same_customer(running: RunningDesk, why: str) -> None:
    number = logged(running)
    status, slug = 422, "contradicts-record"
    if why == "later":
        other = logged(running)
    elif why == "another customer's":
        other = logged(running, customer=SAM, received_at=moment(running, hours=1))
    elif why == "itself":
        other = number
    elif why == "closed":
        other, status, slug = in_diagnosis(running, received_at=moment(running, hours=1)), 409, "invalid-transition"
        done(running.technician.post(f"/cases/{other}/resolve", FIXED))
        done(owner_of(running, other).post(f"/cases/{other}/close", {}))
    elif why == "linked":
        other, status, slug = logged(running, received_at=moment(running, hours=1)), 409, "invalid-transition"
        relate(running, number, other, "related")
    else:
        other, slug = "INC-0999999", "unknown-reference"
    before = history(running, number)
    refused(running.technician.post(f"/cases/{number}/relate", {"case": other, "kind": "duplicate"}), status, slug)
    assert history(running, number) == before


def test_r_5_6c_a_settled_case_becomes_no_duplicate(running: RunningDesk) -> None:
    first, number = logged(running), in_diagnosis(running)
    done(running.technician.post(f"/cases/{number}/resolve", FIXED))
    body = {"case": first, "kind": "duplicate"}
    refused(running.technician.post(f"/cases/{number}/relate", body), 409, "invalid-transition")


@pytest.mark.parametrize("verb", ["dispute", "reopen"])
def test_r_5_6c_a_duplicate_is_not_reopened_by_itself_but_told_which_case_it_goes_on_as(
    running: RunningDesk, verb: str
) -> None:
    first, second = duplicates(running)
    before = history(running, second)
    body = {"reason": "mine is the other plotter"}
    problem = refused(running.technician.post(f"/cases/{second}/{verb}", body), 409, "invalid-transition")
    assert first in problem["detail"]
    assert history(running, second) == before


def test_r_5_6c_what_is_no_duplicate_after_all_has_a_window_of_its_own(running: RunningDesk) -> None:
    first, second = duplicates(running)
    done(running.technician.post(f"/cases/{second}/unrelate", {"case": first, "reason": "the other plotter"}))
    done(running.technician.post(f"/cases/{second}/relate", {"case": first, "kind": "related"}))
    done(running.technician.post(f"/cases/{second}/resolve", FIXED))
    running.send_mail()
    assert parsed(read(running, second)["dispute_until"]) == running.clock.now() + WINDOW
    resolve(running, first)
    done(running.technician.post(f"/cases/{first}/reopen", {"reason": "not yet"}))
    assert read(running, second)["status"] == "resolved"
    travel(running, WINDOW)
    running.close_elapsed()
    assert (read(running, first)["status"], read(running, second)["status"]) == ("assigned", "closed")


def test_r_5_6c_a_duplicate_stays_closed_with_the_first_case_once_the_window_is_over(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    running.send_mail()
    travel(running, WINDOW)
    running.close_elapsed()
    travel(running, days=30)
    for number in (first, second):
        over = refused(
            running.technician.post(f"/cases/{number}/dispute", {"reason": "again"}), 409, "dispute-window-closed"
        )
        assert over["follow_up_of"] == first


def statuses(desk: RunningDesk, *numbers: str) -> list[str]:
    return [read(desk, number)["status"] for number in numbers]


def test_r_5_6c_a_dispute_of_a_duplicate_is_one_of_the_first_case_however_often(running: RunningDesk) -> None:
    first, second = duplicates(running)
    customer = owner_of(running, second)
    for by in (customer, running.technician, customer):
        resolve(running, first)
        assert statuses(running, first, second) == ["resolved", "resolved"]
        assert read(running, second)["resolution"]["code"] == "duplicate"
        disputed = done(by.post(f"/cases/{second}/dispute", {"reason": "still silent"}))
        assert (disputed["number"], disputed["status"]) == (second, "in_diagnosis")
        assert statuses(running, first, second) == ["assigned", "in_diagnosis"]
        assert last(running, first, "disputed")["reason"] == "still silent"
        assert "disputed" not in topics(running, second)
        assert last(running, second, "reopened")["data"]["with_first"] == first
    resolve(running, first)
    running.send_mail()
    travel(running, WINDOW)
    running.close_elapsed()
    assert statuses(running, first, second) == ["closed", "closed"]


def test_r_5_6c_a_dispute_of_a_duplicate_is_taken_once_under_its_key(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    key = {"Idempotency-Key": '"dispute-of-a-duplicate"'}
    answers = [running.technician.post(f"/cases/{second}/dispute", {"reason": "no"}, **key) for _ in range(2)]
    assert done(answers[0]) == done(answers[1])
    assert topics(running, first).count("disputed") == 1


@pytest.mark.parametrize("verdict", ["uphold", "dismiss"])
def test_r_5_9c_a_mail_of_unclear_intent_about_a_duplicate_holds_the_first_case(
    running: RunningDesk, verdict: str
) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    running.send_mail()
    done(running.technician.post(f"/cases/{second}/suspect-dispute", {"text": "hm"}))
    assert read(running, first)["dispute_candidate_since"] is not None
    done(running.technician.post(f"/cases/{second}/{verdict}-dispute", {"reason": "asked"}))
    after = {"uphold": ["assigned", "in_diagnosis"], "dismiss": ["resolved", "resolved"]}
    assert statuses(running, first, second) == after[verdict]


def test_r_5_6c_a_duplicate_is_closed_in_no_way_but_with_the_first_case(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    accepted = {"confirmation": {"method": "phone", "by": "Jo", "at": moment(running)}}
    for by, body in ((owner_of(running, second), {}), (running.technician, accepted)):
        problem = refused(by.post(f"/cases/{second}/close", body), 409, "invalid-transition")
        assert first in problem["detail"]


def test_r_5_6c_a_reopened_duplicate_is_resolved_in_no_way_but_with_the_first_case(running: RunningDesk) -> None:
    first, second = duplicates(running)
    resolve(running, first)
    done(running.technician.post(f"/cases/{first}/reopen", {"reason": "not yet"}))
    problem = refused(running.technician.post(f"/cases/{second}/resolve", FIXED), 409, "invalid-transition")
    assert first in problem["detail"]
    done(running.technician.post(f"/cases/{second}/unrelate", {"case": first, "reason": "the other plotter"}))
    done(running.technician.post(f"/cases/{second}/relate", {"case": first, "kind": "unrelated"}))
    done(running.technician.post(f"/cases/{second}/resolve", FIXED))
    assert statuses(running, first, second) == ["assigned", "resolved"]


def test_r_5_6c_a_duplicate_of_a_case_that_is_referred_goes_with_it(running: RunningDesk) -> None:
    said = words()
    first, second = logged(running, **said), logged(running, **said)
    relate(running, second, first, "duplicate")
    running.office.catalogue.put("help-desks", HelpDesk("dhs", "Human Services", "DHS"), {"phone": "1"}, OPERATOR)
    refer = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}
    done(running.technician.post(f"/cases/{first}/refer", refer))
    done(owner_of(running, second).post(f"/cases/{second}/dispute", {"reason": "they say it is yours"}))
    assert statuses(running, first, second) == ["triaged", "logged"]
    done(running.technician.post(f"/cases/{first}/refer", refer))
    assert statuses(running, first, second) == ["resolved", "resolved"]
