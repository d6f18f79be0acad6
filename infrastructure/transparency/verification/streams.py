"""Streams: versions without gaps from 1 on, and the number that the first event gave."""

from __future__ import annotations

from typing import Any

import psycopg

from infrastructure.postgres.queries import load
from infrastructure.transparency.verification.findings import Findings

_SQL = load("audit", "infrastructure.transparency.verification")


def check_streams(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Check that the versions of each stream are 1, 2, 3 ..., in the order of positions."""
    for stream, version, position, due in connection.execute(_SQL["broken_streams"]):
        gap = f"version {version} stands in the place of version {due}"
        message = gap if version != due else "the versions are out of order"
        findings.add("versions", message, position=position, case=stream)
    counted = connection.execute(_SQL["streams"]).fetchone()
    findings.count("streams", counted[0] if counted else 0)


def check_numbers(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Check that the register gives each stream the number of its first event."""
    for stream, number, registered, position in connection.execute(_SQL["wrong_numbers"]):
        message = f"the first event gives {number or 'no number'}; the register says {registered}"
        findings.add("numbers", message, position=position, case=stream)
