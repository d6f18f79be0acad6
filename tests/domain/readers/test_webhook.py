"""Webhooks: secrets that overlap, and what a disabled one refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from domain.errors import Invalid, InvalidTransition
from domain.readers.webhook import MOST_SIGNING, DisabledBy, ListedWebhook, Webhook, check_address
from domain.values import Disclosure, DisclosureKind, Provenance
from tests.domain.cases import at, refused, replayed, state

NEW = UUID(int=1)
HUB = Webhook("hub", "Hub", "r.audit", ("case.*",))
DAY = timedelta(days=1)


def a_webhook() -> ListedWebhook:
    address = Disclosure.of("webhooks:hub", DisclosureKind.CONTACT, {"url": "https://hub.example/"}, bytes)
    return ListedWebhook.define(NEW, HUB, address, at(0))


@pytest.mark.parametrize("minute", [0, 1])
def test_earlier_secrets_sign_until_the_overlap_ends(minute: int) -> None:
    webhook = a_webhook()
    webhook.issue_secret("a", DAY, at(0))
    webhook.issue_secret("b", timedelta(minutes=1), at(1))
    assert webhook.signing(at(1 + minute).at) == (["b", "a"] if minute == 0 else ["b"])
    webhook.issue_secret("c", DAY, at(3))
    assert webhook.signing(at(4).at) == ["c", "b"]  # the end of `a` is not moved
    assert state(replayed(webhook)) == state(webhook)


def test_a_revoked_secret_signs_no_more_and_is_not_revoked_twice() -> None:
    webhook = a_webhook()
    webhook.issue_secret("a", DAY, at(0))
    webhook.revoke_secret("a", at(1))
    assert webhook.pause(at(1).at) == "no secret"
    with pytest.raises(InvalidTransition):
        webhook.revoke_secret("a", at(2))


def test_so_many_secrets_sign_at_once_and_no_more() -> None:
    webhook = a_webhook()
    for place in range(MOST_SIGNING):
        webhook.issue_secret(f"{place}", DAY, at(0))
    with pytest.raises(InvalidTransition, match="Revoke one"):
        webhook.issue_secret("more", DAY, at(0))


def test_a_disabled_webhook_keeps_its_secrets_and_takes_no_order() -> None:
    webhook = a_webhook()
    webhook.issue_secret("a", DAY, at(0))
    assert webhook.pause(at(0).at) is None
    webhook.disable(DisabledBy.GONE, at(1))
    assert webhook.pause(at(1).at) == "disabled: gone"
    orders: list[Callable[[Provenance], None]] = [webhook.ping, partial(webhook.replay, 1, 2)]
    orders.append(partial(webhook.disable, DisabledBy.OWNER))
    for order in orders:
        with refused(webhook, InvalidTransition):
            order(at(2))
    webhook.enable(at(3))
    with pytest.raises(InvalidTransition):
        webhook.enable(at(3))
    webhook.replay(1, 2, at(4))
    webhook.ping(at(5))
    assert list(webhook.orders.values()) == [(1, 2), None]
    assert state(replayed(webhook)) == state(webhook)


def test_a_retired_webhook_is_sent_nothing_and_gets_nothing() -> None:
    webhook = a_webhook()
    webhook.issue_secret("a", DAY, at(0))
    webhook.change(replace(HUB, retired=True), webhook.contact, at(1))
    assert webhook.pause(at(1).at) == "retired"
    with refused(webhook, InvalidTransition):
        webhook.issue_secret("b", DAY, at(2))
    with refused(webhook, InvalidTransition):
        webhook.ping(at(2))


@pytest.mark.parametrize("given", [(0, 1), (2, 1)])
def test_a_range_has_a_beginning_and_an_end(given: tuple[int, int]) -> None:
    with pytest.raises(Invalid):
        a_webhook().replay(*given, at(0))


@pytest.mark.parametrize("topics", [(), ("case",), ("*.logged",), ("Case.*",), ("case.%",), ("case.*",) * 101])
def test_topics_have_a_form(topics: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        ListedWebhook.define(NEW, replace(HUB, topics=topics), None, at(0))


@pytest.mark.parametrize("topics", [("*",), ("case.logged",), ("case.*",), ("case.dispute*",), ("ca*",)])
def test_a_beginning_of_topics_is_a_topic(topics: tuple[str, ...]) -> None:
    assert ListedWebhook.define(NEW, replace(HUB, topics=topics), None, at(0)).entry.topics == topics


@pytest.mark.parametrize(
    "url",
    [
        *(
            None,
            "",
            "hub.example",
            "ftp://hub.example/",
            "https:///x",
            "https://hub.example:0/",
            "https://hub.example:x/",
        ),
        *("https://u@hub.example/", "https://hub.example/#x", "https://hub.example/ x", "https://hüb.example/"),
        "https://hub.example/" + "x" * 500,
    ],
)
def test_an_address_has_a_form(url: Any) -> None:
    with pytest.raises(Invalid):
        check_address(url)


def test_an_address_may_have_a_port_a_path_and_a_query() -> None:
    check_address("https://hub.example:8443/events?from=desk")
    check_address("http://10.0.0.7/")
