"""Whoever signed is known: the log's keys by events on the record, timestamp authorities by trusted certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from cryptography.x509 import Certificate

from application.transparency_log import LOG_STREAM
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.note import NoteError, Verifier, parse_note
from infrastructure.transparency.publication.timestamps import check_reply
from infrastructure.transparency.verification.findings import Findings
from infrastructure.transparency.verification.sealed_logs import CheckedLog

_SQL = load("audit", "infrastructure.transparency.verification")


def check_keys(connection: psycopg.Connection[Any], logs: Sequence[CheckedLog], findings: Findings) -> None:
    """Check the newest checkpoint's keys: each signed the first one too, or `log.key_introduced` names it."""
    if not logs:
        return
    log = logs[-1]
    notes = connection.execute(_SQL["first_and_last_note"], {"log": log.log}).fetchone()
    if notes is None:
        return
    first, last = (_signers(note, log.origin) for note in notes)
    introduced, retired = set[bytes](), set[bytes]()
    for topic, vkey in connection.execute(_SQL["key_events"], (LOG_STREAM,)):
        key = replace(Verifier.parse(vkey), name=log.origin).key_id  # under the name of the log that it signs now
        (introduced if topic == "log.key_introduced" else retired).add(key)
    findings.count("keys", len(last))
    for key in sorted(last - first - introduced):
        findings.add("keys", f"the key {key.hex()} signs, and no event introduces it")
    for key in sorted(last & retired):
        hexed = key.hex()
        findings.warn(
            "keys", f"the key {hexed} still signs after it was retired: `caseledger tlog retire {hexed}` again"
        )


def _signers(note: str, origin: str) -> set[bytes]:
    """The ids of the log's own keys under a note."""
    try:
        return {signature.key_id for signature in parse_note(note).signatures if signature.name == origin}
    except NoteError:
        return set()  # the check of the checkpoints reports it


def check_timestamps(connection: psycopg.Connection[Any], trusted: Sequence[Certificate], findings: Findings) -> None:
    """Check every timestamp (RFC 3161) against its checkpoint, and against certificates where there are trusted ones."""
    checked = 0
    for origin, size, authority, reply, note in connection.execute(_SQL["timestamps"]):
        checked += 1
        try:
            check_reply(reply, note, trusted)
        except ValueError as error:
            findings.add("timestamps", f"the timestamp of {authority!a} for {origin} at {size} leaves: {error}")
    if checked:
        findings.count("timestamps", checked)
        if not trusted:
            message = "the authority's signatures are not checked: no certificates are given (CASELEDGER_TSA_CA_FILE)"
            findings.warn("timestamps", message)
