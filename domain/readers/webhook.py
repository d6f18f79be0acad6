"""Webhooks: where events are sent, to whom, and under which secrets (http.md, Outgoing webhooks).

A webhook is an entry of the administrator, like a monitoring source. Its events name each secret by an id; the secret itself
is never on the record. Its address is a disclosure, since many addresses hold a token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from domain.aggregate import Opening, Recorded, register
from domain.catalogue import EntryEvent, Listed, check_entry
from domain.errors import Invalid, InvalidTransition
from domain.values import Disclosure, Provenance

MOST_TOPICS, MOST_SIGNING, MOST_ORDERS = 100, 4, 100
_LONGEST_URL = 500
TOPIC = re.compile(r"[a-z_]+\.[a-z_]+|[a-z_]*\*|[a-z_]+\.[a-z_]*\*")
"""A topic, or the beginning of topics and a `*`."""


@dataclass(frozen=True)
class Webhook:
    """Who is sent which events. The address is a disclosure beside it."""

    id: str
    name: str
    owner: str
    """Whose rights count: nothing is sent once they may not read the events any more."""
    topics: tuple[str, ...] = ("*",)
    """Topics of events. A `*` at the end stands for anything."""
    retired: bool = False


class DisabledBy(StrEnum):
    """Why nothing is sent."""

    ADMINISTRATOR = "administrator"
    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """The receiver did not take an event, however often it was tried."""
    OWNER = "owner"
    """The owner may not read events any more."""


@dataclass(frozen=True)
class SigningSecret:
    """A secret as the record knows it: since when it signs, and until when."""

    issued_at: datetime
    until: datetime | None = None

    def signs(self, at: datetime) -> bool:
        """Whether messages are signed with it at a moment."""
        return self.until is None or at < self.until


@check_entry.register
def _check_webhook(webhook: Webhook) -> None:
    if not 1 <= len(webhook.topics) <= MOST_TOPICS:
        raise Invalid(f"A webhook has 1 to {MOST_TOPICS} topics.", "/topics")
    for place, topic in enumerate(webhook.topics):
        if not TOPIC.fullmatch(topic):
            raise Invalid("A topic reads like case.logged or case.*.", f"/topics/{place}")


def check_address(url: str | None) -> None:
    """Check the form of a webhook's address. Where it leads is checked at each connection. Raises Invalid."""
    try:
        parts = urlsplit(url or "")
        good = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:  # a port that is none
        good = False
    if not url or not good or parts.fragment or len(url) > _LONGEST_URL or not re.fullmatch(r"[!-~]+", url):
        raise Invalid("An address reads like https://hub.example/events, without a user or a fragment.", "/contact/url")


class ListedWebhook(Listed[Webhook]):
    """A webhook from version to version, with the ids of its secrets."""

    TOPIC: ClassVar[str] = "webhook"

    def begin(self) -> None:
        """Start without secrets, and enabled."""
        self.secrets: dict[str, SigningSecret] = {}
        self.disabled: DisabledBy | None = None
        self.orders: dict[int, tuple[int, int] | None] = {}
        """The latest replays, each with its first and last position, and pings; by the version of their event."""

    def signing(self, at: datetime) -> list[str]:
        """Return the ids of the secrets that sign at a moment, the newest first."""
        return [secret for secret, known in reversed(self.secrets.items()) if known.signs(at)]

    @property
    def address(self) -> str | None:
        """Where events are sent; None once it was erased."""
        return self.contact.text("url") if self.contact else None

    def pause(self, at: datetime) -> str | None:
        """Return why nothing is sent at a moment; None if events are sent."""
        if self.entry.retired:
            return "retired"
        if self.disabled is not None:
            return f"disabled: {self.disabled}"
        return (None if self.address else "no address") if self.signing(at) else "no secret"

    def issue_secret(
        self, secret: str, overlap: timedelta, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Issue a secret. Earlier ones sign beside it for an interval. Raises InvalidTransition."""
        if self.entry.retired:
            raise InvalidTransition("A retired webhook gets no secret.")
        if len(self.signing(provenance.at)) >= MOST_SIGNING:
            raise InvalidTransition(f"{MOST_SIGNING} secrets sign already. Revoke one first.")
        at = provenance.at
        self.record(
            WebhookSecretIssued, provenance, secret=secret, issued_at=at, earlier_until=at + overlap, reason=reason
        )

    def revoke_secret(self, secret: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Revoke a secret at once. Raises InvalidTransition."""
        if secret not in self.signing(provenance.at):
            raise InvalidTransition(f"The webhook has no secret {secret}, or it does not sign any more.")
        self.record(WebhookSecretRevoked, provenance, secret=secret, revoked_at=provenance.at, reason=reason)

    def disable(self, cause: DisabledBy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Stop sending. The place is kept. Raises InvalidTransition."""
        self._require_enabled("It is disabled already.")
        self.record(WebhookDisabled, provenance, cause=cause, reason=reason)

    def enable(self, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Go on where sending stopped. Raises InvalidTransition."""
        if self.disabled is None:
            raise InvalidTransition("The webhook is not disabled.")
        self.record(WebhookEnabled, provenance, reason=reason)

    def replay(self, first: int, last: int, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Send the events of a range of positions once more. Raises Invalid, InvalidTransition."""
        if not 1 <= first <= last:
            raise Invalid("A range starts at 1 or later, and does not end before it starts.", "/to")
        self._require_enabled("Enable it first.")
        self.record(WebhookReplayOrdered, provenance, first=first, last=last, reason=reason)

    def ping(self, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Send the event of this ping, whatever the topics are. Raises InvalidTransition."""
        self._require_enabled("Enable it first.")
        self.record(WebhookPinged, provenance, reason=reason)

    def _require_enabled(self, else_: str) -> None:
        if self.entry.retired:
            raise InvalidTransition("The webhook is retired.")
        if self.disabled is not None:
            raise InvalidTransition(f"The webhook is disabled. {else_}")


class WebhookSubscribed(EntryEvent, Opening):
    """A webhook was registered. It is sent what is recorded after this event."""

    TOPIC = "webhook.subscribed"
    entry: Webhook


class WebhookChanged(EntryEvent):
    """A webhook was changed."""

    TOPIC = "webhook.changed"
    entry: Webhook


class WebhookSecretIssued(Recorded):
    """A webhook has a new secret. The secret itself is nowhere on the record."""

    TOPIC = "webhook.secret_issued"
    secret: str
    """Its id."""
    issued_at: datetime
    earlier_until: datetime
    """Until when earlier secrets sign beside it."""

    def _fold(self, webhook: ListedWebhook) -> None:
        earlier = {
            secret: replace(known, until=self.earlier_until) if known.signs(self.earlier_until) else known
            for secret, known in webhook.secrets.items()
        }
        webhook.secrets = {**earlier, self.secret: SigningSecret(self.issued_at)}


class WebhookSecretRevoked(Recorded):
    """A secret of a webhook is revoked."""

    TOPIC = "webhook.secret_revoked"
    secret: str
    revoked_at: datetime

    def _fold(self, webhook: ListedWebhook) -> None:
        revoked = replace(webhook.secrets[self.secret], until=self.revoked_at)
        webhook.secrets = {**webhook.secrets, self.secret: revoked}


class WebhookDisabled(Recorded):
    """Nothing is sent to a webhook any more."""

    TOPIC = "webhook.disabled"
    cause: DisabledBy

    def _fold(self, webhook: ListedWebhook) -> None:
        webhook.disabled = self.cause


class WebhookEnabled(Recorded):
    """Sending to a webhook goes on."""

    TOPIC = "webhook.enabled"

    def _fold(self, webhook: ListedWebhook) -> None:
        webhook.disabled = None


class WebhookReplayOrdered(Recorded):
    """Events of a range are sent to a webhook once more."""

    TOPIC = "webhook.replay_ordered"
    first: int
    """Position."""
    last: int
    """Position. What is recorded after the order is never part of it."""

    def _fold(self, webhook: ListedWebhook) -> None:
        webhook.orders = _latest({**webhook.orders, self.originator_version: (self.first, self.last)})


class WebhookPinged(Recorded):
    """An administrator tries whether a webhook is taken. It is sent this event."""

    TOPIC = "webhook.pinged"

    def _fold(self, webhook: ListedWebhook) -> None:
        webhook.orders = _latest({**webhook.orders, self.originator_version: None})


def _latest(orders: dict[int, tuple[int, int] | None]) -> dict[int, tuple[int, int] | None]:
    return dict(list(orders.items())[-MOST_ORDERS:])


ListedWebhook.defined, ListedWebhook.changed = WebhookSubscribed, WebhookChanged
EVENTS = register(
    (
        *(WebhookSubscribed, WebhookChanged, WebhookSecretIssued, WebhookSecretRevoked),
        *(WebhookDisabled, WebhookEnabled, WebhookReplayOrdered, WebhookPinged),
    ),
    ListedWebhook,
)
