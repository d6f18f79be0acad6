"""SOP 5.5: the desk resolves and closes at the first contact, with the customer's word; and that is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done, refused
from tests.acceptance.travelling import (
    WINDOW,
    back_to_monday,
    in_diagnosis,
    last,
    mails,
    moment,
    on_monday,
    owner_of,
    parsed,
    read,
    travel,
)
from tests.conftest import TestDatabase

Positions = Callable[[], int]


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    """The desk of this file: its clock stands still."""
    with on_monday(shared_database, keys) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _on_monday(running: RunningDesk) -> None:
    back_to_monday(running)


@pytest.fixture
def monday(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """A desk of a test's own, for figures."""
    with on_monday(database, tmp_path) as desk:
        yield desk


def confirmed(desk: RunningDesk) -> dict[str, Any]:
    return {"confirmation": {"method": "phone", "by": "Jo Field", "at": moment(desk)}}


# R-5.5d


def test_r_5_5d_the_desk_resolves_and_closes_at_once_with_the_customers_live_word_only(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = in_diagnosis(running)
    done(running.technician.post(f"/cases/{number}/resolve", FIXED))
    close, said = f"/cases/{number}/close", confirmed(running)["confirmation"]
    before = positions()
    refused(running.technician.post(close, {}), 409, "confirmation-required")
    refused(running.technician.post(close, {"reason": "he hung up"}), 409, "confirmation-required")
    for missing in ("method", "by", "at"):
        with subtests.test(f"no {missing}"):
            partial = {name: value for name, value in said.items() if name != missing}
            refused(running.technician.post(close, {"confirmation": partial}), 422, "validation-failed")
    tomorrow = {"confirmation": {**said, "at": moment(running, days=-1)}}
    for heard in ("2001-01-01T00:00:00Z", moment(running, seconds=1)):
        earlier = refused(
            running.technician.post(close, {"confirmation": {**said, "at": heard}}), 422, "contradicts-record"
        )
        assert earlier["errors"][0]["pointer"] == "/confirmation/at"
    refused(running.technician.post(close, tomorrow), 422, "validation-failed")
    assert positions() == before
    closed = done(running.technician.post(close, {"confirmation": said}))
    assert (closed["status"], parsed(closed["closed_at"])) == ("closed", running.clock.now())
    event = last(running, number, "closed")
    assert event["data"]["confirmation"]["method"] == "phone"
    assert parsed(event["data"]["confirmation"]["at"]) == running.clock.now()
    assert event["data"]["words"]["value"] == {"confirmed_by": "Jo Field"}


def test_r_5_5d_the_mail_still_goes_out_and_the_dispute_reopens_the_same_case_until_the_same_deadline(
    running: RunningDesk,
) -> None:
    number = in_diagnosis(running)
    done(running.technician.post(f"/cases/{number}/resolve", FIXED))
    done(running.technician.post(f"/cases/{number}/close", confirmed(running)))
    assert mails(running, number) == []
    travel(running, hours=1)
    running.send_mail()
    (mail,) = mails(running, number)
    assert number in mail.text
    assert "spooler restarted" in mail.text
    until = running.clock.now() + WINDOW
    closed = read(running, number)
    assert (closed["status"], parsed(closed["dispute_until"])) == ("closed", until)
    travel(running, WINDOW)
    reopened = done(owner_of(running, number).post(f"/cases/{number}/dispute", {"reason": "it hangs again"}))
    assert (reopened["number"], reopened["id"], reopened["status"]) == (number, closed["id"], "in_diagnosis")
    assert (reopened["priority"], reopened["reopenings"], reopened["closed_at"]) == (closed["priority"], 1, None)


def test_r_5_5d_after_the_deadline_the_closed_case_is_not_reopened(running: RunningDesk, positions: Positions) -> None:
    number = in_diagnosis(running)
    done(running.technician.post(f"/cases/{number}/resolve", FIXED))
    done(running.technician.post(f"/cases/{number}/close", confirmed(running)))
    running.send_mail()
    travel(running, WINDOW + timedelta(seconds=1))
    before = positions()
    for by in (running.technician, owner_of(running, number)):
        told = refused(by.post(f"/cases/{number}/dispute", {"reason": "late"}), 409, "dispute-window-closed")
        assert (told["follow_up_of"], told["follow_up"]) == (number, f"/cases/{number}/follow-up")
    assert positions() == before


# R-5.5e


def outcomes(desk: RunningDesk) -> dict[str, Any]:
    desk.catch_up()
    totals: dict[str, Any] = done(desk.auditor.get("/reports/outcomes"))["totals"]
    return totals


def test_r_5_5e_a_first_contact_resolution_counts_once_its_window_has_ended(monday: RunningDesk) -> None:
    desk = monday.technician
    by_the_desk, by_the_team, request, handed_back = (in_diagnosis(monday) for _ in range(4))
    done(desk.post(f"/cases/{by_the_desk}/resolve", FIXED))
    done(desk.post(f"/cases/{request}/resolve", {**FIXED, "code": "reclassified_request"}))
    for number in (by_the_team, handed_back):
        done(desk.post(f"/cases/{number}/assign", {"team": "network"}))
    done(monday.network.post(f"/cases/{by_the_team}/verify", VERIFIED))
    done(monday.network.post(f"/cases/{by_the_team}/resolve", FIXED))
    done(monday.network.post(f"/cases/{handed_back}/hand-back", {"reason": "not ours"}))
    done(desk.post(f"/cases/{handed_back}/resolve", FIXED))
    assert last(monday, by_the_desk, "resolved")["data"]["first_contact"] is True
    for number in (by_the_team, request, handed_back):
        assert "first_contact" not in last(monday, number, "resolved")["data"]
    monday.send_mail()
    early = outcomes(monday)
    assert (early["resolved"], early["window_ended"], early["first_contact"]) == (3, 0, 0)
    assert early["first_contact_rate"] is None
    travel(monday, WINDOW)
    assert monday.close_elapsed() == 4
    ended = outcomes(monday)
    assert (ended["resolved"], ended["window_ended"], ended["first_contact"]) == (3, 3, 1)
    assert ended["first_contact_rate"] == pytest.approx(1 / 3, abs=0.0001)
    assert ended["reclassified"] == 1


def test_r_5_5e_what_was_disputed_in_its_window_was_no_first_contact_resolution(monday: RunningDesk) -> None:
    number, other = in_diagnosis(monday), in_diagnosis(monday)
    for case in (number, other):
        done(monday.technician.post(f"/cases/{case}/resolve", FIXED))
    monday.send_mail()
    travel(monday, hours=71)
    done(monday.technician.post(f"/cases/{number}/dispute", {"reason": "it hangs again"}))
    done(monday.technician.post(f"/cases/{number}/resolve", FIXED))
    monday.send_mail()
    travel(monday, WINDOW)
    assert monday.close_elapsed() == 2
    told = outcomes(monday)
    assert (told["resolved"], told["window_ended"], told["first_contact"]) == (2, 2, 1)
