"""SOP 5.9: no mail reaches the customer; then he is told by other means, or the duty manager decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from application.administration.catalogue import OPERATOR
from domain.catalogue import HelpDesk, Service, Team
from domain.values import Role
from tests.acceptance.conftest import VERIFIED, Caller, RunningDesk, done, refused
from tests.acceptance.fussy import NOBODY, fussy, send_to, unsettled
from tests.acceptance.travelling import (
    MONDAY,
    WINDOW,
    assigned,
    back_to_monday,
    fates,
    history,
    inform,
    last,
    logged,
    mails,
    messages,
    moment,
    on_monday,
    owed,
    parsed,
    read,
    resolve,
    resolved,
    travel,
    window,
)
from tests.conftest import cloned

BY_PHONE = {"name": "Al Ring", "phone": "405-555-0123"}
OWNER = {"name": "T. Lee", "email": "owner@desk.example"}


@pytest.fixture(scope="module")
def running(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with cloned(server) as database, on_monday(database, tmp_path_factory.mktemp("keys")) as desk:
        desk.office.catalogue.put("teams", Team("network", "Network"), {}, OPERATOR)
        for code, owner in (("printing", "t.lee"), ("email", None)):
            entry = Service(code, code.title(), "network", owner=owner)
            desk.office.catalogue.put("services", entry, OWNER if owner else {}, OPERATOR)
        yield desk


@pytest.fixture(scope="module")
def intake(running: RunningDesk) -> Caller:
    return running.caller(Role.INTAKE, "monitoring")


@pytest.fixture(scope="module")
def manager(running: RunningDesk) -> Caller:
    return running.caller(Role.DUTY_MANAGER, "d.manager")


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


def test_r_5_9g_a_hard_bounce_starts_no_window_and_the_desk_owes_a_word(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
    bounced = messages(running, number)[0][-1]
    assert (bounced["topic"], bounced["data"]["cause"]) == ("message.bounced", "smtp-550-5.1.1")
    assert last(running, number, "notification_failed")["data"]["cause"] == "bounced"
    debt = owed(running, number)["inform_customer"]
    assert (debt["role"], parsed(debt["due_at"])) == ("technician", running.clock.now() + timedelta(hours=4))
    assert read(running, number)["failed_notifications"] == 1
    travel(running, WINDOW + timedelta(days=30))
    running.close_elapsed()
    assert (read(running, number)["status"], window(running, number)) == ("resolved", None)
    assert owed(running, number)["inform_customer"]["overdue"]
    queue = done(running.technician.get("/queues/resolved", limit=200))["items"]
    assert number in [item["number"] for item in queue]


def test_r_5_9g_telling_the_customer_by_other_means_starts_the_72_hours(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
    travel(running, hours=5)
    at = moment(running, minutes=20)
    inform(running, number, at=at, note="reached her at home")
    informed = last(running, number, "informed")
    assert (informed["data"]["method"], informed["data"]["informed"], informed["by"]["subject"]) == (
        "phone", True, "a.ortiz",
    )  # fmt: skip
    assert parsed(informed["data"]["at"]) == parsed(at)
    assert parsed(read(running, number)["dispute_until"]) == parsed(at) + WINDOW
    assert owed(running, number) == {}
    travel(running, WINDOW - timedelta(minutes=20, microseconds=1))
    running.close_elapsed()
    assert read(running, number)["status"] == "resolved"
    travel(running, timedelta(microseconds=1))
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"


def test_r_5_9g_nobody_is_told_of_a_resolution_before_there_is_one(running: RunningDesk) -> None:
    number = assigned(running, customer=BY_PHONE)
    travel(running, days=1)
    resolve(running, number)
    for hours, slug in ((20, "contradicts-record"), (-1, "validation-failed")):  # before it; in the future
        at = moment(running, hours=hours)
        body = {"obligation": "inform_customer", "method": "phone", "outcome": "informed", "at": at}
        refused(running.technician.post(f"/cases/{number}/discharge", body), 422, slug)
    assert window(running, number) is None


def test_r_5_9g_a_customer_without_an_address_is_owed_a_word_from_the_resolution_on(running: RunningDesk) -> None:
    number = resolved(running, customer=BY_PHONE)
    assert messages(running, number) == []
    assert last(running, number, "notification_failed")["data"]["cause"] == "no-address"
    assert set(owed(running, number)) == {"inform_customer"}
    inform(running, number)
    assert (window(running, number), owed(running, number)) == (WINDOW, {})
    body = {"obligation": "inform_customer", "method": "phone", "outcome": "informed"}
    refused(running.technician.post(f"/cases/{number}/discharge", body), 409, "invalid-transition")


def test_r_5_9g_a_corrected_address_is_written_to(running: RunningDesk) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
        travel(running, hours=1)
        body = {"field": "email", "value": "no.body@agency.example", "reason": "misheard"}
        done(running.technician.post(f"/cases/{number}/correct", body))
        send_to(running, catcher)
        assert [mail.recipients for mail in catcher.messages() if number in mail.subject] == [
            ("no.body@agency.example",)
        ]
    assert fates(running, number) == [["queued", "bounced"], ["queued", "accepted"]]
    assert (window(running, number), owed(running, number)) == (WINDOW, {})


def test_r_5_9g_after_three_failures_the_duty_manager_decides_with_a_reason(
    running: RunningDesk, manager: Caller
) -> None:
    with fussy(running) as catcher:
        number = unsettled(running, NOBODY, catcher)
    inform(running, number, "failed")
    assert set(owed(running, number)) == {"inform_customer"}
    refused(manager.post(f"/cases/{number}/close", {"reason": "cannot be found"}), 403, "forbidden")
    travel(running, hours=1)
    assert inform(running, number, "failed")["failed_notifications"] == 3
    debts = owed(running, number)
    assert set(debts) == {"inform_customer", "decide_uninformed"}
    assert debts["decide_uninformed"]["role"] == "duty_manager"
    assert parsed(debts["inform_customer"]["due_at"]) == running.clock.now() + timedelta(hours=4)
    refused(running.technician.post(f"/cases/{number}/close", {"reason": "x"}), 409, "confirmation-required")
    refused(manager.post(f"/cases/{number}/close", {}), 403, "forbidden")
    closed = done(manager.post(f"/cases/{number}/close", {"reason": "left the agency"}))
    event = last(running, number, "closed")
    assert (closed["status"], event["reason"], event["deviations"]) == (
        "closed", "left the agency", ["closed_uninformed"],
    )  # fmt: skip
    assert owed(running, number) == {}


def test_r_5_9g_the_duty_manager_takes_no_window_from_a_customer_who_was_told(
    running: RunningDesk, manager: Caller
) -> None:
    number = resolved(running, customer=BY_PHONE)
    inform(running, number, "failed")
    inform(running, number, "failed")
    assert "decide_uninformed" in owed(running, number)
    inform(running, number)
    assert owed(running, number) == {}
    refused(manager.post(f"/cases/{number}/close", {"reason": "it took long"}), 403, "forbidden")


def test_r_5_9g_how_many_failures_are_enough_is_policy(running: RunningDesk, manager: Caller) -> None:
    admin = running.caller(Role.ADMIN, "admin")
    number = resolved(running, customer=BY_PHONE)
    done(admin.post("/policy", {"changes": {"notification_attempts": 2}, "reason": "trial"}))
    try:
        inform(running, number, "failed")
        assert "decide_uninformed" in owed(running, number)
        done(manager.post(f"/cases/{number}/close", {"reason": "gone"}))
    finally:
        done(admin.post("/policy", {"changes": {"notification_attempts": 3}, "reason": "trial over"}))
    assert last(running, number, "closed")["data"]["policy"] != "policy/1"


def test_r_5_9g_for_an_alert_without_a_person_the_services_owner_is_mailed(
    running: RunningDesk, intake: Caller
) -> None:
    def alert(service: str) -> str:
        number = logged(running, by=intake, channel="monitoring", customer={"name": "probe 7"}, service=service)
        done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
        done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
        done(running.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "port down"}))
        resolve(running, number)
        return number

    owned, unowned = alert("printing"), alert("email")
    running.send_mail()
    (mail,) = mails(running, owned)
    assert mail.recipients == (OWNER["email"],)
    assert "because you own the service" in mail.text
    assert window(running, owned) == WINDOW
    assert (mails(running, unowned), set(owed(running, unowned))) == ([], {"inform_customer"})


# 5.3c: a referral is told twice


def test_r_5_3c_the_mail_of_a_referral_starts_the_window_and_a_failed_call_stays_owed(running: RunningDesk) -> None:
    contact = {"phone": "405-555-0100", "email": "help@dhs.example", "hours": "Mon-Fri 07:00-18:00"}
    if not running.office.catalogue.has("help-desks", "dhs"):
        running.office.catalogue.put("help-desks", HelpDesk("dhs", "Human Services", "DHS Help"), contact, OPERATOR)
    number = logged(running)
    failed = {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "failed"}}
    done(running.technician.post(f"/cases/{number}/refer", failed))
    assert window(running, number) is None
    travel(running, minutes=5)
    running.send_mail()
    (mail,) = mails(running, number)
    for said in contact.values():
        assert said in mail.text
    assert (window(running, number), set(owed(running, number))) == (WINDOW, {"inform_customer"})
    travel(running, hours=1)
    inform(running, number)
    assert (window(running, number), owed(running, number)) == (WINDOW - timedelta(hours=1), {})


def test_every_failed_attempt_is_on_the_record_with_who_tried(running: RunningDesk) -> None:
    number = resolved(running, customer=BY_PHONE)
    for method in ("phone", "letter"):
        inform(running, number, "failed", method=method, note="no answer")
    tried = [item for item in history(running, number) if item["topic"] == "case.informed"]
    assert [(item["data"]["method"], item["by"]["subject"], item["reason"]) for item in tried] == [
        ("phone", "a.ortiz", "no answer"), ("letter", "a.ortiz", "no answer"),
    ]  # fmt: skip
    assert parsed(tried[0]["data"]["at"]) == MONDAY
    refused(running.network.post(f"/cases/{number}/verify", VERIFIED), 409, "invalid-transition")
