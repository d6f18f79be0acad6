"""What timestamp authorities said is about the checkpoints there are, and signed by those who are trusted (RFC 3161)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from cryptography.x509 import Certificate

from infrastructure.postgres.queries import load
from infrastructure.transparency.publication.timestamps import check_reply
from infrastructure.transparency.verification.findings import Findings

_SQL = load("verification", "infrastructure.transparency.verification")


def check_timestamps(connection: psycopg.Connection[Any], trusted: Sequence[Certificate], findings: Findings) -> None:
    """Without certificates to trust only what was stamped is checked, and a warning says so."""
    checked = 0
    for origin, size, authority, reply, note in connection.execute(_SQL["timestamps"]):
        checked += 1
        try:
            check_reply(reply, note, trusted)
        except ValueError as error:
            findings.add(
                "timestamps", f"what {authority!a} is said to have stamped of {origin} at {size} leaves: {error}"
            )
    if checked:
        findings.count("timestamps", checked)
        if not trusted:
            findings.warn(
                "timestamps",
                "no authority's certificates are given (CASELEDGER_TSA_CA_FILE): its signatures are not checked",
            )
