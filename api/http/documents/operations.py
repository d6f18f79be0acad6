"""Health, checkpoints, and the mail of the demonstration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.http.documents.base import At, Document, Page, Position
from api.http.documents.refusals import Abilities
from api.http.fields import such_as


class Alive(Document):
    """The process is alive."""

    status: Annotated[str, such_as("ok")]
    """`ok`."""


class Worker(Document):
    """The state of a worker."""

    state: Annotated[str, such_as("running")]
    """`running`, `failing`, `halted` or `late`."""
    error: Annotated[str, such_as("the mail server refuses the connection")] | None
    """Why it fails."""
    since: At
    """Since when."""


class WebhookStanding(Document):
    """How far a webhook is."""

    pause: Annotated[str, such_as("disabled: gone")] | None
    """Why nothing is sent. Null if events are sent."""
    position: Position
    """Everything up to here was delivered or not asked for."""
    behind: Annotated[int, such_as(0)]
    """How many positions the ledger is ahead."""
    lag_seconds: Annotated[float, such_as(0.0)]
    """The age in seconds of the oldest event that was not looked at."""
    failures: Annotated[int, such_as(0)]
    """How often the next event has failed."""
    due_at: At | None
    """When it is tried again."""


class Ready(Document):
    """The desk is ready."""

    status: Annotated[str, such_as("ready")]
    """`ready`."""
    can: Abilities
    """What it can do now."""
    position: Position
    """The position that the views have reached."""
    ledger_position: Position
    """The position of the last event."""
    lag_seconds: Annotated[float, such_as(0.0)]
    """The age in seconds of the oldest event that the views lack."""
    halted_at: Annotated[Position, such_as(112)] | None
    """The position of the event that halted the projector."""
    halted_by: Annotated[str, such_as("case.unheard_of")] | None
    """The topic of that event."""
    projecting: Annotated[bool, such_as(True)]
    """Whether a projector is running."""
    writable: Annotated[bool, such_as(True)]
    """Whether the database takes writes."""
    left_behind: (
        Annotated[str, such_as("a newer release has changed the database: its processes must know migration 80")] | None
    )
    """Why this process is too old for the database, which a newer release has changed."""
    mails_waiting: Annotated[int, such_as(0)]
    """Mails that no server has accepted yet."""
    oldest_mail_seconds: Annotated[float, such_as(0.0)]
    """The age in seconds of the oldest of them."""
    set_aside: Annotated[int, such_as(0)]
    """Mails and closures that failed too often and are not tried again."""
    obligations_open: Annotated[int, such_as(1)]
    """Open obligations."""
    log_size: Annotated[int, such_as(111)]
    """Entries in the transparency log."""
    sealed_position: Position
    """The position of the last event in the transparency log."""
    unsealed_seconds: Annotated[float, such_as(0.0)]
    """The age in seconds of the oldest event that is not in it yet."""
    workers: Annotated[
        dict[str, Worker],
        such_as({"mail": {"state": "running", "error": None, "since": "2026-11-23T14:00:00Z"}}),
    ]
    """The workers, by name."""
    webhooks: Annotated[
        dict[str, WebhookStanding],
        such_as(
            {
                "hub": {
                    "pause": None,
                    "position": 111,
                    "behind": 0,
                    "lag_seconds": 0.0,
                    "failures": 0,
                    "due_at": None,
                }
            }
        ),
    ]
    """The webhooks that are not retired, by id."""


class Checkpoint(Document):
    """A signed checkpoint of the transparency log."""

    log: Annotated[int, such_as(1)]
    """The number of the log."""
    size: Annotated[int, such_as(111)]
    """Entries in the log."""
    position: Position
    """The position of the last event in it."""
    sealed_at: At
    """When it was signed."""
    note: Annotated[str, such_as("desk.example/70ad7e45\n111\n6jdRu1zRGOExcZW8vypB9V9C763BTkzurptdDPieaj4=\n")]
    """The signed note (C2SP tlog-checkpoint)."""


class CheckpointPage(Page):
    """A page of checkpoints."""

    items: list[Checkpoint]
    """The checkpoints, newest first."""


class CaughtMail(Document):
    """A mail that the demonstration's mail server accepted."""

    id: Annotated[int, such_as(3)]
    """Its number."""
    received_at: At
    """When it was accepted."""
    sender: Annotated[str, such_as("service-desk@caseledger.example")] = Field(alias="from")
    """The sender of its envelope."""
    to: Annotated[list[str], such_as(["jo.field@agency.example"])]
    """The recipients of its envelope."""
    subject: Annotated[str, such_as("[INC-0000009] Resolved: No network at the counter")]
    """Its subject."""
    message_id: Annotated[str, such_as("<01a22cba-6f4e-70d0-bbd4-2c98d2091219@caseledger.example>")]
    """Its Message-ID."""
    text: Annotated[str, such_as("Your case INC-0000009 is resolved.")]
    """Its text."""
    html: Annotated[str, such_as("<p>Your case INC-0000009 is resolved.</p>")]
    """Its text as HTML."""
    links: Annotated[list[str], such_as(["http://127.0.0.1:8000/disputes/eyJhbGciOiJFZERTQSJ9"])]
    """The links in it."""
    raw: Annotated[str, such_as("From: Service desk <service-desk@caseledger.example>\r\n")]
    """Its source."""


class CaughtMails(Document):
    """The mails that the demonstration's mail server accepted."""

    items: list[CaughtMail]
    """The mails, latest first."""


class ReplyOutcome(Document):
    """What became of a reply."""

    outcome: Annotated[str, such_as("dispute")]
    """What became of it."""
    message: Annotated[str, such_as("5f0c6a4e-7c1d-5a57-9f0e-2f3c1f1f7a10")]
    """Its id: `GET /quarantine/{message}` shows it."""
