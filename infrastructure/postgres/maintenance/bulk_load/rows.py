"""Commits of a simulation as rows of PostgreSQL's binary COPY, ready but for the position of each event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from struct import pack
from typing import NamedTuple
from uuid import UUID

from application.demo.simulation.record import Commit
from infrastructure.postgres.mapper import StateMapper

HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MAPPER = StateMapper()


class Rows(NamedTuple):
    """The rows of one commit, and its time in microseconds since 2000."""

    at: int
    events: tuple[bytes, ...]
    """All columns but the first, which is the position."""
    disclosures: bytes
    blobs: bytes
    numbers: bytes


def microseconds(at: datetime) -> int:
    """A moment as PostgreSQL's binary format has it."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def rows_of(commit: Commit) -> Rows:
    """The rows of a commit. State and digests are what every append writes."""
    at = microseconds(commit.at)
    events, disclosures, blobs = list[bytes](), list[bytes](), list[bytes]()
    for event in commit.events:
        stored = _MAPPER.to_stored_event(event)
        assert isinstance(stored.originator_id, UUID)
        stream = pack("!i16s", 16, stored.originator_id.bytes)
        key = stream + pack("!ii", 4, stored.originator_version)
        version = pack("!iq", 8, stored.originator_version)
        topic = stored.topic.encode()
        state = pack("!i", len(stored.state)) + stored.state
        parts = (stream, version, pack("!i", len(topic)), topic, state, pack("!iq", 8, at))
        events.append(b"".join(parts))
        for said in stored.disclosures:
            digest = bytes.fromhex(said.digest)
            values = (
                digest,
                said.salt or b"",
                *(text.encode() for text in (said.kind, said.subject, said.value or "")),
            )
            disclosures.append(_row(7, key, values))
            if said.content is not None:
                blobs.append(_row(4, key, (digest, said.content)))
    numbers = (_row(2, b"", (number.encode(), stream.bytes)) for number, stream in commit.numbers)
    return Rows(at, tuple(events), b"".join(disclosures), b"".join(blobs), b"".join(numbers))


def positioned(events: Iterable[bytes], first: int) -> list[bytes]:
    """Complete rows of events, numbered from here on."""
    return [pack("!hiq", 6, 8, position) + event for position, event in enumerate(events, first)]


def _row(columns: int, key: bytes, values: Sequence[bytes]) -> bytes:
    fields = (part for value in values for part in (pack("!i", len(value)), value))
    return b"".join((pack("!h", columns), key, *fields))
