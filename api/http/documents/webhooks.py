"""Webhooks, what became of their deliveries, and the message that they are sent."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.auditing.history import LedgerEvent
from api.http.documents.base import At, Document, Page, PersonCode, Position
from api.http.documents.catalogue import EntryPage, EntryVersion, Retired
from api.http.fields import such_as
from domain.readers.webhook import DisabledBy

SecretId = Annotated[str, such_as("3f9a1c7e")]
MessageId = Annotated[str, such_as("evt_0bfe935e70c321c7ca3afc75ce0d0ca2")]


class WebhookContact(Document):
    """Where a webhook leads. Null once erased."""

    url: Annotated[str, such_as("https://hub.example/events")] | None = None
    """Its address."""


class WebhookSecret(Document):
    """A secret of a webhook. The secret itself is not stored."""

    id: SecretId
    """Its id."""
    issued_at: At
    """When it was issued."""
    until: At | None
    """Until when messages are signed with it."""


class Webhook(Document):
    """Who is sent which events."""

    id: Annotated[str, such_as("hub")]
    """Its id."""
    name: Annotated[str, such_as("Integration hub")]
    """What it is for."""
    owner: PersonCode
    """Whose rights count."""
    topics: Annotated[list[str], such_as(["case.*", "problem.opened"])]
    """Topics of events. A `*` at the end stands for anything."""
    retired: Retired
    """Whether it is no longer used."""
    contact: WebhookContact | None = None
    """Where it leads."""
    secrets: list[WebhookSecret]
    """Its secrets, oldest first."""
    disabled: Annotated[DisabledBy, such_as("gone")] | None
    """Why it is disabled: `administrator`, `gone` (410), `failing` or `owner`. Null: it is not."""
    version: EntryVersion
    """Its version."""


class WebhookPage(EntryPage):
    """The webhooks."""

    items: list[Webhook]
    """The webhooks, by id."""


class IssuedSecret(Webhook):
    """A webhook with the secret that was just issued."""

    secret: Annotated[str, such_as("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq=")]
    """The secret. It is shown here and nowhere else."""
    secret_id: SecretId
    """Its id."""


class WebhookAttempt(Document):
    """One attempt to deliver a message."""

    position: Position
    """The position of the event."""
    topic: Annotated[str, such_as("case.logged")]
    """Its topic."""
    message: MessageId
    """The id of the message (`webhook-id`)."""
    attempt: Annotated[int, such_as(1)]
    """Which attempt it was, from 1."""
    replay: Annotated[int, such_as(7)] | None
    """The version of the webhook whose event ordered the replay or the ping. Null for what is sent as it happens."""
    attempted_at: At
    """When."""
    milliseconds: Annotated[int, such_as(34)]
    """How long it took."""
    status: Annotated[int, such_as(204)] | None
    """The status of the answer, if there was one."""
    error: Annotated[str, such_as("timeout")] | None
    """What failed: `address` (no address that webhooks may reach), `dns`, `connect`, `tls`, `timeout`, `protocol`, `network` or
    `redirect`."""
    accepted: Annotated[bool, such_as(True)]
    """Whether the receiver has the message."""


class WebhookAttemptPage(Page):
    """A page of attempts."""

    items: list[WebhookAttempt]
    """The attempts, newest first."""


class WebhookMessage(Document):
    """An event as a CloudEvent (CloudEvents 1.0, structured)."""

    specversion: Annotated[str, such_as("1.0")]
    """`1.0`."""
    id: MessageId
    """Its id, the same in each attempt and in replays: half of its leaf's hash in the transparency log."""
    source: Annotated[str, such_as("https://desk.example")]
    """The address of the desk."""
    type: Annotated[str, such_as("case.logged")]
    """The topic of the event."""
    subject: Annotated[str, such_as("INC-0000009")] | None = None
    """The number of the case or Problem Case, if it is about one."""
    time: At
    """When it was recorded."""
    datacontenttype: Annotated[str, such_as("application/json")]
    """`application/json`."""
    position: Annotated[str, such_as("111")]
    """Its position in the ledger."""
    leafindex: Annotated[str, such_as("110")]
    """The index of its leaf in the transparency log."""
    data: LedgerEvent
    """The event, as `GET /events` shows it."""
