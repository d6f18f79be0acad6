"""The leaf record: one event in the log, stored verbatim and hashed as it stands (audit.md, Leaf record)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

_LEAF = re.compile(
    r"caseledger-event/v1\n"
    r"notification-id (?P<position>[1-9]\d*)\n"
    r"originator-id (?P<stream>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\n"
    r"originator-version (?P<version>[1-9]\d*)\n"
    r"topic (?P<topic>[^\n]+)\n"
    r"state-sha256 (?P<state_sha256>[0-9a-f]{64})\n"
    r"recorded-at (?P<recorded_at>\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n"
    r"db-role (?P<db_role>[^\n]+)\n",
    re.ASCII,  # only the digits 0 to 9
)
RESTART = "caseledger-restart/v1"


@dataclass(frozen=True)
class Leaf:
    """The fields of a leaf record."""

    position: int
    """The event's `notification_id`."""
    stream: str
    version: int
    topic: str
    state_sha256: str
    recorded_at: str
    db_role: str


def leaf_record(
    position: int, stream: str, version: int, topic: str, state_sha256: bytes, recorded_at: str, db_role: str
) -> bytes:
    """The leaf of an event's row. ``recorded_at`` is RFC 3339 in UTC with six digits of a second."""
    return (
        f"caseledger-event/v1\nnotification-id {position}\noriginator-id {stream}\noriginator-version {version}\n"
        f"topic {topic}\nstate-sha256 {state_sha256.hex()}\nrecorded-at {recorded_at}\ndb-role {db_role}\n"
    ).encode()


def leaf_beginning(position: int) -> bytes:
    """The beginning of an event's leaf, which no other leaf has."""
    return f"caseledger-event/v1\nnotification-id {position}\n".encode()


def parse_leaf(record: bytes) -> Leaf:
    """The fields of a leaf. Raises ValueError for bytes that are not exactly such a record."""
    try:
        found = _LEAF.fullmatch(record.decode())
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise ValueError("this is no caseledger-event/v1 record")
    position, stream, version, *rest = found.groups()
    return Leaf(int(position), stream, int(version), *rest)


def restart_record(previous_origin: str, previous_checkpoint: str, reason: str) -> bytes:
    """Leaf 0 of a log that was begun after a restore: the log before it, how far that was signed, why (audit.md, Sealer).

    ``previous_checkpoint`` is base64 of the last signed note.
    """
    return (
        f"{RESTART}\nprevious-origin {previous_origin}\nprevious-checkpoint {previous_checkpoint}\n"
        f"reason-sha256 {sha256(reason.encode()).hexdigest()}\n"
    ).encode()


def is_restart(record: bytes) -> bool:
    """Whether a leaf is that of a log begun after a restore, and of no event."""
    return record.startswith(RESTART.encode() + b"\n")
