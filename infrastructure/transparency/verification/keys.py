"""Every key that signs was introduced on the record: at the log's beginning, or by an event that is sealed as all are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg

from application.transparency_log import LOG_STREAM
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.note import NoteError, Verifier, parse_note
from infrastructure.transparency.verification.findings import Findings
from infrastructure.transparency.verification.record import CheckedLog

_SQL = load("verification", "infrastructure.transparency.verification")


def check_keys(connection: psycopg.Connection[Any], logs: Sequence[CheckedLog], findings: Findings) -> None:
    """Compare who signed the newest checkpoint with `log.key_introduced` and `log.key_retired`."""
    if not logs:
        return
    log = logs[-1]
    notes = connection.execute(_SQL["first_and_last_note"], {"log": log.log}).fetchone()
    if notes is None:
        return
    began, signs = (_signers(note, log.origin) for note in notes)
    introduced, retired = set[bytes](), set[bytes]()
    for topic, vkey in connection.execute(_SQL["key_events"], (LOG_STREAM,)):
        key = replace(
            Verifier.parse(vkey), name=log.origin
        ).key_id  # a log that was begun anew names its keys after itself
        introduced, retired = (
            (introduced | {key}, retired) if topic == "log.key_introduced" else (introduced, retired | {key})
        )
    findings.count("keys", len(signs))
    for key in sorted(signs - began - introduced):
        findings.add("keys", f"the key {key.hex()} signs, and nothing on the record introduces it")
    for key in sorted(signs & retired):
        findings.warn(
            "keys", f"the key {key.hex()} signs, though it was retired: `caseledger tlog retire {key.hex()}` again"
        )


def _signers(note: str, origin: str) -> set[bytes]:
    """The ids of the log's own keys under a note."""
    try:
        return {signature.key_id for signature in parse_note(note).signatures if signature.name == origin}
    except NoteError:
        return set()  # told where the checkpoints are checked
