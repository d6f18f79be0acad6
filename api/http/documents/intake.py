"""What machines are answered when they hand something in, the quarantine, and alerts."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.attachments import Recipient
from api.http.documents.base import At, ChannelName, Digest, Document, Id, Page, one_of
from api.http.fields import CaseNumber, such_as
from application.mail_in.intake import MailOutcome
from application.monitoring.outcomes import Outcome as SignalFate
from application.monitoring.plan import Action
from domain.fate import ReceiptCause, ReceiptState

CauseName = Annotated[ReceiptCause, such_as("stranger")]


class ReceivedMail(Document):
    """What became of a mail."""

    outcome: Annotated[str, one_of(MailOutcome), such_as("opened")]
    """What became of it."""
    case: CaseNumber | None
    """The case that it opened, joined, or may belong to."""
    message: Id
    """Its id: `GET /quarantine/{message}` shows it."""


class Decided(Document):
    """What a person decided on a message."""

    outcome: Annotated[str, such_as("opened")]
    """`opened`, `reply`, `dispute`, or `discarded`."""
    case: CaseNumber | None
    """The case that it became, or joined."""
    message: Id
    """The id of the message."""


class AlertOutcome(Document):
    """What became of one alert."""

    fingerprint: Annotated[str, such_as("c3bcb7f2b1a0d4e5")]
    """Its fingerprint."""
    status: Annotated[str, such_as("firing")]
    """`firing` or `resolved`."""
    became: Annotated[Action, such_as("opens")]
    """What became of it."""
    case: CaseNumber | None
    """The case that it is about."""


class KeptAlert(Document):
    """An alert that could not be read, and waits in the quarantine."""

    alert: Annotated[int, such_as(1)]
    """Its place in the notification, from 0."""
    why: Annotated[str, such_as("an alert has labels")]
    """Why it could not be read."""
    message: Id
    """Its id: `GET /quarantine/{message}` shows it."""


class SignalOutcome(Document):
    """What became of a message of a monitoring system."""

    outcome: Annotated[str, one_of(SignalFate), such_as("opened")]
    """What became of it."""
    case: CaseNumber | None
    """The case that it opened, or is about; the first of several."""


class AlertmanagerOutcome(SignalOutcome):
    """What became of a notification of Alertmanager."""

    cases: list[CaseNumber]
    """The cases that it is about."""
    message: Id
    """Its id."""
    alerts: list[AlertOutcome]
    """What became of each alert."""
    quarantined: list[KeptAlert]
    """The alerts that could not be read."""


class EventOutcome(SignalOutcome):
    """What became of one event of a batch."""

    message: Id
    """Its id."""


class CloudEventsOutcome(SignalOutcome):
    """What became of CloudEvents."""

    message: Id
    """The id of the message; of a batch, of its most important event."""
    events: list[EventOutcome] | None = None
    """What became of each event of a batch."""


class PagerDutyOutcome(SignalOutcome):
    """The answer of the Events API v2, with the outcome here."""

    status: Annotated[str, such_as("success")]
    """`success`, or `accepted` if it waits in the quarantine."""
    message: Annotated[str, such_as("Event processed")]
    """The same in words."""
    dedup_key: Annotated[str, such_as("srv01/disk")] | None
    """The key under which further events of this alert are sent."""


class PagerDutyRefusal(Document):
    """A refusal of the Events API v2."""

    status: Annotated[str, such_as("invalid event")]
    """What is wrong."""
    message: Annotated[str, such_as("Event object is invalid")]
    """The same in words."""
    errors: Annotated[list[str], such_as(["a trigger has a payload"])] | None = None
    """What exactly is wrong."""
    outcome: Annotated[str, one_of(SignalFate), such_as("quarantined")] | None = None
    """What became of it: also a wrong event is kept."""
    case: None = None
    """Always null."""


class QuarantinedMessage(Document):
    """A message in the quarantine."""

    id: Id
    """Its id."""
    received_at: At
    """When it reached the desk."""
    cause: CauseName
    """Why it waits."""
    suggestion: CaseNumber | None
    """The case that it may belong to."""
    size: Annotated[int, such_as(2_048)]
    """Its size in bytes."""


class QuarantinePage(Page):
    """A page of the quarantine."""

    items: list[QuarantinedMessage]
    """The messages, oldest first."""


class AttachedFile(Document):
    """A file in a message."""

    name: Annotated[str, such_as("screenshot.png")]
    """Its name."""
    size: Annotated[int, such_as(48_213)]
    """Its size in bytes."""


class ReceivedMessage(Document):
    """A message as it came, as text, and what became of it. Once erased, its texts are null."""

    id: Id
    """Its id."""
    version: Annotated[int, such_as(2)]
    """Its version."""
    state: Annotated[ReceiptState, such_as("quarantined")]
    """What became of it."""
    cause: CauseName | None
    """Why it waits, or was kept."""
    case: CaseNumber | None
    """The case that it became, or joined."""
    suggestion: CaseNumber | None
    """The case that it may belong to."""
    why: Annotated[str, such_as("an alert has labels")] | None
    """Why it could not be read."""
    alert: Annotated[int | str, such_as(1)] | None
    """The place of the alert in its notification."""
    part_of: Annotated[str, such_as("5f0c6a4e-7c1d-5a57-9f0e-2f3c1f1f7a10")] | None
    """The id of that notification."""
    channel: ChannelName
    """How it reached the desk."""
    received_at: At
    """When."""
    size: Annotated[int, such_as(2_048)]
    """Its size in bytes."""
    sha256: Digest
    """The SHA-256 of its bytes."""
    sender: Annotated[str, such_as("sam.moss@agency.example")] | None
    """Who wrote it."""
    subject: Annotated[str, such_as("Re: [INC-0000009] Resolved")] | None
    """Its subject."""
    text: Annotated[str, such_as("It is the same with me.")] | None
    """Its text, without what it quotes."""
    quoted: Annotated[str, such_as("> Your case INC-0000009 is resolved.")] | None
    """What it quotes."""
    to: list[Recipient] | None
    """To whom."""
    cc: list[Recipient] | None
    """Who got a copy."""
    raw: Annotated[str, such_as("/quarantine/5f0c6a4e-7c1d-5a57-9f0e-2f3c1f1f7a10/raw")]
    """Where its bytes are."""
    attachments: list[AttachedFile] | None
    """Its files."""
    erased: Annotated[bool, such_as(False)]
    """Whether it was erased."""


class Episode(Document):
    """A time in which an alert fired."""

    started_at: At
    """From when."""
    last_seen_at: At
    """When it was last reported."""
    heartbeats: Annotated[int, such_as(3)]
    """How often it was reported again."""
    ended_at: At | None
    """Until when. Null while it fires."""
    stated_at: At | None
    """The start as its sender states it, if that is another."""


class Alert(Document):
    """An alert of a case."""

    fingerprint: Annotated[str, such_as("c3bcb7f2b1a0d4e5")]
    """Its fingerprint."""
    source: Annotated[str, such_as("prometheus")]
    """The id of its source."""
    case: CaseNumber
    """The case that it is about."""
    status: Annotated[str, such_as("firing")]
    """`firing` or `resolved`."""
    heartbeats: Annotated[int, such_as(3)]
    """How often it was reported again."""
    last_seen_at: At
    """When it was last reported."""
    episodes: list[Episode]
    """Its latest episodes, in order."""
    episodes_forgotten: Annotated[int, such_as(0)]
    """How many earlier episodes are not listed."""


class AlertPage(Page):
    """A page of alerts."""

    items: list[Alert]
    """The alerts, those that fire first."""
