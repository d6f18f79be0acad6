"""Versions without gaps, each stream from 1 on, and numbers as they were given."""

from __future__ import annotations

from typing import Any

import psycopg

from infrastructure.postgres.queries import load
from infrastructure.transparency.verification.findings import Findings

_SQL = load("verification", "infrastructure.transparency.verification")


def check_streams(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Each case's versions are 1, 2, 3 ..., in the order of positions."""
    for stream, version, position, due in connection.execute(_SQL["broken_streams"]):
        said = f"version {version} stands where version {due} must" if version != due else "versions are out of order"
        findings.add("versions", said, position=position, case=stream)
    counted = connection.execute(_SQL["streams"]).fetchone()
    findings.count("streams", counted[0] if counted else 0)


def check_numbers(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """The number people know a case by is the one that its first event says, and nobody else's."""
    for stream, said, given, position in connection.execute(_SQL["wrong_numbers"]):
        findings.add(
            "numbers", f"it was given {said or 'no number'}; the register says {given}", position=position, case=stream
        )
