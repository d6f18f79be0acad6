"""Events as they read: in the history of a case, and in the feed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from api.http.documents.base import At, ChannelName, Document, Page, Person, Position
from api.http.fields import CaseNumber, such_as

Topic = Annotated[str, such_as("case.triaged")]


class Via(Document):
    """How an event reached the desk."""

    interface: Annotated[str, such_as("http")]
    """The interface: `http`, `cli`, `mail`, `link`, `import`, `process` ..."""
    channel: ChannelName | None
    """The channel, if a customer spoke."""


class Origin(Document):
    """The row of another system that an imported event was read from."""

    system: Annotated[str, such_as("servicenow")]
    """The system."""
    file: Annotated[str, such_as("incidents.csv")]
    """The file."""
    row: Annotated[int, such_as(17)]
    """The row, from 1."""


class HistoryItem(Document):
    """One event of a case, with its texts opened as far as the reader may read them."""

    position: Position
    """Its position in the ledger."""
    version: Annotated[int, such_as(2)]
    """The version of the case, the entry or the policy that it made."""
    topic: Topic
    """What happened."""
    recorded_at: At
    """When it was recorded."""
    occurred_at: At
    """When it happened: differs for imported events only."""
    by: Person
    """Who did it."""
    via: Via
    """How."""
    reason: Annotated[str, such_as("printing is a service of ours")] | None
    """Why. Null if nothing was said, if it was erased, or if the reader may not read it."""
    data: Annotated[dict[str, Any], such_as({"owner": "desk"})]
    """What the event says, by its topic. A text is an object with its `digest`, `erased` and its `value`."""
    origin: Origin | None = None
    """Where it was imported from. Not for customers."""
    deviations: Annotated[list[str], such_as(["closed_uninformed"])] | None = None
    """Where it deviates from the procedure. Not for customers."""
    request_id: Annotated[str, such_as("b7ad6b7169203331")] | None = None
    """The `X-Request-Id` of its request. Not for customers."""
    trace_id: Annotated[str, such_as("0af7651916cd43dd8448eb211c80319c")] | None = None
    """The trace of its request (W3C Trace Context). Not for customers."""
    causation: Annotated[int, such_as(110)] | None = None
    """The position of the event that caused it. Not for customers."""
    db_role: Annotated[str, such_as("desk_api")] | None = None
    """The database role that wrote it. Not for customers."""


class History(Page):
    """The history of a case."""

    items: list[HistoryItem]
    """Its events, in order."""


class Changes(Page):
    """What was changed, by whom, when and why."""

    items: list[HistoryItem]
    """The changes, oldest first."""


class LedgerEvent(HistoryItem):
    """One event of the ledger as stored: texts only as digests."""

    reason: Annotated[dict[str, Any], such_as({"digest": "0bfe935e70c321c7", "kind": "staff_words"})] | None  # type: ignore[assignment]
    """The digest of the reason."""
    stream: Annotated[UUID, such_as("01a22cba-6f33-7097-a6c8-2d81599f788d")]
    """The id of the case, or whatever else, that it belongs to."""
    number: CaseNumber | str | None
    """Its number, if it has one."""


class EventPage(Page):
    """A page of the ledger."""

    items: list[LedgerEvent]
    """Events after the position that was asked for, in order."""
    next_cursor: Annotated[str, such_as("111")] | None
    """The position to ask `after` next. Null at the end of the ledger."""
