"""Writes a case's bundle: its events, the proof that each is in the log, and the disclosures that are not erased.

With it and the log's verifier key, anybody checks the case without us (audit.md, Case bundle).
"""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import psycopg

from application.transparency_log import NotSealed
from infrastructure.postgres.queries import load
from infrastructure.transparency.bundle.attachments import with_contents
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.leaf import Leaf, parse_leaf
from infrastructure.transparency.formats.merkle import consistency_proof, inclusion_proof
from infrastructure.transparency.log_reader import LogReader, last_position, latest, one_snapshot

_SQL = load("writer", "infrastructure.transparency.bundle")
EVENTS, CHECKPOINT, DISCLOSURES, CONSISTENCY, README = (
    "events.jsonl",
    "checkpoint",
    "disclosures.json",
    "consistency.json",
    "README.txt",
)


def make_bundle(
    connection: psycopg.Connection[Any], number: str, old: Checkpoint | None = None, *, files: bool = False
) -> dict[str, bytes]:
    """The files of a bundle under the newest checkpoint, at one snapshot, so that an erasure is whole in it.

    ``old`` adds the proof that the log continues that checkpoint, ``files`` the files of the case. Raises NotFound for an
    unknown case, NotSealed while its last event is unsealed, and ValueError where ``old`` is of another log or larger.
    """
    with one_snapshot(connection):
        return _make(connection, number, old, files)


def _make(
    connection: psycopg.Connection[Any], number: str, old: Checkpoint | None, with_files: bool
) -> dict[str, bytes]:
    sealed = latest(connection)
    if sealed is None:
        raise NotSealed("nothing is sealed yet")
    if last_position(connection, number) > sealed.position:
        raise NotSealed(f"the last event of {number} is not sealed yet")
    events = connection.cursor(binary=True).execute(_SQL["events"], (number, sealed.position)).fetchall()
    reader, now = LogReader(connection, sealed.log), Checkpoint.of_text(sealed.note)
    lines = []
    for position, state in events:
        index, record = reader.leaf_at(position)
        proof = inclusion_proof(index, sealed.size, reader.hashes)
        lines.append(canonical(event_line(index, record, bytes(state), proof)))
    disclosures = connection.cursor(binary=True).execute(_SQL["disclosures"], (number, sealed.position)).fetchall()
    listed = _disclosures(disclosures)
    made = {
        EVENTS: b"".join(lines),
        CHECKPOINT: sealed.note.encode(),
        DISCLOSURES: canonical(listed),
        README: files("infrastructure.transparency.bundle").joinpath("README.txt").read_bytes(),
    }
    if with_files:
        rows = connection.cursor(binary=True).execute(_SQL["files"], (number, sealed.position)).fetchall()
        made |= with_contents(listed, rows)
    if old is not None:
        made[CONSISTENCY] = canonical(_consistency(old, now, reader))
    return made


def event_line(index: int, leaf: bytes, state: bytes, proof: list[bytes]) -> dict[str, Any]:
    """One line of `events.jsonl`."""
    return {
        "index": index,
        "leaf": b64encode(leaf).decode(),
        "state": b64encode(state).decode(),
        "proof": [b64encode(node).decode() for node in proof],
        "event": readable(parse_leaf(leaf), state),
    }


def readable(leaf: Leaf, state: bytes) -> dict[str, Any]:
    """An event for people. It follows from leaf and state, and is checked against them."""
    return {
        "position": leaf.position,
        "stream": leaf.stream,
        "version": leaf.version,
        "topic": leaf.topic,
        "recorded_at": leaf.recorded_at,
        "db_role": leaf.db_role,
        "state": json.loads(state),
    }


def canonical(document: Any) -> bytes:
    """JSON in the one form of a bundle, so that a changed byte is found."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def zipped(bundle: Mapping[str, bytes]) -> bytes:
    """The files as a zip archive, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in bundle.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _disclosures(rows: Sequence[tuple[Any, ...]]) -> list[dict[str, str]]:
    """Disclosures in the order of their events. One that serves two events stands with the first."""
    listed: dict[bytes, dict[str, str]] = {}
    for digest, kind, salt, subject, value in rows:
        disclosure = {"digest": digest.hex(), "kind": kind, "subject": subject, "salt": salt.hex(), "value": value}
        listed.setdefault(digest, disclosure)
    return list(listed.values())


def _consistency(old: Checkpoint, now: Checkpoint, reader: LogReader) -> dict[str, Any]:
    if old.origin != now.origin or old.size > now.size:
        raise ValueError(
            f"the older checkpoint is of {old.origin} at size {old.size}; the log is {now.origin} at size {now.size}"
        )
    proof = consistency_proof(old.size, now.size, reader.hashes)
    return {"from": old.size, "to": now.size, "proof": [b64encode(node).decode() for node in proof]}
