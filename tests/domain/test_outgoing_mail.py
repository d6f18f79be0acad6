"""SOP 5.9: a mail is queued, tried, and in the end accepted, bounced or withdrawn: each is recorded."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.outgoing_mail import EVENTS, Message
from tests.domain.cases import at, by_system, last, moment, replayed, said, state


def queued() -> Message:
    return Message.queue(UUID(int=1), "resolved", "INC-0000001", 8, "<1@desk>", said("jo@agency.example"), at(6))


def deferred() -> Message:
    message = queued()
    message.defer("smtp-451", moment(7), by_system(6))
    return message


def accepted() -> Message:
    message = deferred()
    message.accept(said("raw"), moment(7), by_system(8))
    return message


def bounced() -> Message:
    message = deferred()
    message.bounce("smtp-550", by_system(7))
    return message


def withdrawn() -> Message:
    message = queued()
    message.withdraw(by_system(7))
    return message


@pytest.mark.parametrize("make", [queued, deferred, accepted, bounced, withdrawn])
def test_replaying_the_events_yields_the_same_mail(make: Callable[[], Message]) -> None:
    message = make()
    assert state(replayed(message)) == state(message)


def test_r_5_9a_a_queued_mail_is_due_at_once_and_says_what_it_is_about() -> None:
    message = queued()
    assert (message.case, message.resolution, message.kind, message.number) == (
        "INC-0000001",
        8,
        "resolved",
        "<1@desk>",
    )
    assert (message.is_waiting, message.due_at, message.outcome) == (True, moment(6), "queued")
    assert message.recipient == said("jo@agency.example")


def test_r_5_9a_a_mail_that_was_put_off_waits_and_its_attempts_are_counted() -> None:
    message = deferred()
    message.defer("not-reached", moment(9), by_system(7))
    assert (message.is_waiting, message.due_at, message.attempts) == (True, moment(9), 2)
    assert last(message)["cause"] == "not-reached"


def test_r_5_9a_what_was_accepted_keeps_what_was_sent_and_when() -> None:
    message = accepted()
    event = last(message)
    assert (message.is_waiting, message.outcome) == (False, "accepted")
    assert (event["content"], event["sent_at"], event["accepted_at"]) == (said("raw"), moment(7), moment(8))


@pytest.mark.parametrize(("make", "outcome"), [(bounced, "bounced"), (withdrawn, "withdrawn")])
def test_r_5_9a_what_met_its_fate_waits_no_more(make: Callable[[], Message], outcome: str) -> None:
    message = make()
    assert (message.is_waiting, message.due_at, message.outcome) == (False, None, outcome)


def test_every_event_is_stored_under_a_topic_of_messages() -> None:
    assert all(topic.startswith("message.") for topic in EVENTS)
