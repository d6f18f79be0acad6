"""JSON lines of the whole record: each line is one event with its words, and reads back without a loss.

A line holds the state exactly as stored, so its SHA-256 is the one in the event's leaf. Words stand under `disclosures`, each
with the salt and value that its digest is made of. `erased` lists the digests whose words the vault no longer has.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from application.exports.logged_event import LoggedEvent, moment_text

_DIGEST = b'"digest":"'
_DIGESTS = re.compile(rb'"digest":"([0-9a-f]{64})"')


class _Envelope(msgspec.Struct):
    """What a line repeats of the state, for readers who need no more. Other fields are skipped, not decoded."""

    by: msgspec.Raw
    occurred_at: str | None = None


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    position: int
    leaf: int
    stream: UUID
    number: str | None
    version: int
    topic: str
    recorded_at: datetime
    occurred_at: datetime
    by: msgspec.Raw
    db_role: str
    state: msgspec.Raw
    disclosures: msgspec.Raw = msgspec.Raw(b"[]")
    erased: list[str] = []


_envelope = msgspec.json.Decoder(_Envelope).decode
_text = msgspec.json.Encoder().encode
_line = msgspec.json.Decoder(_Line).decode


def event_line(event: LoggedEvent, *, words: bool = True) -> bytes:
    """One event as a line of JSON, with its line feed. Without ``words`` it has neither `disclosures` nor `erased`."""
    state = event.state
    head = _envelope(state)
    recorded = moment_text(event.recorded_at)
    occurred = _text(head.occurred_at) if head.occurred_at else b'"%b"' % recorded.encode()
    number = b"null" if event.number is None else b'"%b"' % event.number.encode()
    line = b'{"position":%d,"leaf":%d,"stream":"%b","number":%b,"version":%d,"topic":"%b","recorded_at":"%b","occurred_at":%b,"by":%b,"db_role":"%b","state":%b' % (
        event.position, event.leaf, event.stream.encode(), number, event.version, event.topic.encode(), recorded.encode(),
        occurred, bytes(head.by), event.db_role.encode(), state,
    )  # fmt: skip
    if not words:
        return line + b"}\n"
    said = event.disclosures or b""
    if state.count(_DIGEST) == event.disclosed:
        return line + b',"disclosures":[' + said + b"]}\n"
    erased = sorted({digest.decode() for digest in _DIGESTS.findall(state)} - set(_digests_of(said)))
    return line + b',"disclosures":[' + said + b'],"erased":' + _text(erased) + b"}\n"


def _digests_of(disclosures: bytes) -> list[str]:
    listed: list[dict[str, Any]] = msgspec.json.decode(b"[" + disclosures + b"]")
    return [each["digest"] for each in listed]


def read_line(line: bytes) -> LoggedEvent:
    """Read a line back: the stored bytes and the words are the very ones. Raises msgspec.DecodeError for any other text."""
    read = _line(line)
    said = bytes(read.disclosures)[1:-1]
    disclosed = len(_digests_of(said)) if said else 0
    return LoggedEvent(
        read.position, read.leaf, str(read.stream), read.number, read.version, read.topic, read.recorded_at.astimezone(UTC),
        read.db_role, bytes(read.state), said or None, disclosed,
    )  # fmt: skip
