"""Files in the vault are what was said of them when they came: each by its size and its SHA-256."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import psycopg

from infrastructure.postgres.queries import load
from infrastructure.transparency.verification.findings import Findings

_SQL = load("verification", "infrastructure.transparency.verification")


def check_contents(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Every file against the disclosure that it lies beside; that none is missing is seen where those are read."""
    with psycopg.ServerCursor(connection, "verify_contents") as cursor:
        cursor.itersize = 1  # one file in memory at a time
        for position, stream, value, content in cursor.execute(_SQL["contents"], binary=True):
            findings.count("contents", 1)
            found = {"size": len(content), "sha256": sha256(content).hexdigest()}
            if value is None:
                said = "a file lies there of which nothing was said"
            elif _said(value) != found:
                said = f"a file is not what was said when it came: {found['size']} bytes, sha256 {found['sha256']}"
            else:
                continue
            findings.add("contents", said, position=position, case=stream)


def has_file(value: str) -> bool:
    """Whether a file lies beside what was said: then that has its size and its digest."""
    return _said(value) is not None


def _said(value: str) -> dict[str, Any] | None:
    try:
        texts = json.loads(value)
        return {"size": texts["size"], "sha256": texts["sha256"]}
    except (ValueError, LookupError, TypeError):  # words, or what somebody made of them: the digest tells
        return None
