"""The vault: every disclosure and file matches its event's digest, and a missing one was erased on the record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from domain.values import DisclosureKind, ErasureScope
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.pointers import pointers
from infrastructure.transparency.verification.findings import Findings

_SQL = load("audit", "infrastructure.transparency.verification")

Row = tuple[Any, ...]
Erasures = dict[str, list[tuple[int, str]]]
"""By subject: position and scope of each erasure."""


def check_vault(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Check events against disclosures, both ways, and files against their disclosures."""
    erasures = _erasures(connection)
    with psycopg.ServerCursor(connection, "verify_vault") as cursor:
        cursor.itersize = 2_000
        rows: Iterator[Row] = iter(cursor.execute(_SQL["disclosing"], binary=True))
        for (position, stream, state), disclosed in groupby(rows, key=itemgetter(0, 1, 2)):
            kept = (row[3:] for row in disclosed if row[3] is not None)
            _check_event(position, stream, json.loads(bytes(state)), kept, erasures, findings)
    _check_files(connection, findings)
    for stream, version, position in connection.execute(_SQL["unpointed"]):
        message = f"the vault holds a disclosure that version {version} does not point to"
        findings.add("vault", message, position=position, case=stream)


def _check_event(
    position: int, stream: str, state: Any, rows: Iterable[Row], erasures: Erasures, findings: Findings
) -> None:
    add = partial(findings.add, position=position, case=stream)
    kept = {bytes(row[0]).hex(): row for row in rows}
    for pointer in {pointer["digest"]: pointer for pointer in pointers(state)}.values():
        check = "outbox" if pointer["kind"] == DisclosureKind.MESSAGE else "vault"
        findings.count("outbox" if check == "outbox" else "disclosures", 1)
        row = kept.pop(pointer["digest"], None)
        if row is None:
            if not _was_erased(pointer, position, erasures):
                add(check, f"a disclosure ({pointer['kind']}) is missing, and no event says it was erased")
            continue
        _, salt, kind, subject, value, has_content = row
        if sha256(bytes(salt) + value.encode()).hexdigest() != pointer["digest"]:
            add(check, f"a disclosure ({pointer['kind']}) does not match the event's digest")
        if (kind, subject) != (pointer["kind"], pointer["subject"]):
            stored, expected = f"{kind} of {subject}", f"{pointer['kind']} of {pointer['subject']}"
            add(check, f"a disclosure is stored as {stored}; the event says {expected}")
        if not has_content and _file_facts(value) is not None:
            add("contents", "the file of a disclosure is missing")
    for digest in kept:
        add("vault", f"the vault holds {digest[:12]}..., which the event does not point to")


def _check_files(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Check each stored file against size and SHA-256 in its disclosure."""
    with psycopg.ServerCursor(connection, "verify_contents") as cursor:
        cursor.itersize = 1  # one file in memory at a time
        for position, stream, value, content in cursor.execute(_SQL["contents"], binary=True):
            findings.count("contents", 1)
            facts = {"size": len(content), "sha256": sha256(content).hexdigest()}
            if value is None:
                message = "the vault holds a file without a disclosure"
            elif _file_facts(value) != facts:
                message = f"a file does not match its disclosure: {facts['size']} bytes, sha256 {facts['sha256']}"
            else:
                continue
            findings.add("contents", message, position=position, case=stream)


def _file_facts(value: str) -> dict[str, Any] | None:
    """Size and SHA-256 of the file that a disclosure's value describes; None where it describes none."""
    try:
        texts = json.loads(value)
        return {"size": texts["size"], "sha256": texts["sha256"]}
    except (ValueError, LookupError, TypeError):  # words, or a forged value, which its digest gives away
        return None


def _erasures(connection: psycopg.Connection[Any]) -> Erasures:
    erasures: Erasures = {}
    for position, raw in connection.execute(_SQL["erasures"]):
        state = json.loads(bytes(raw))
        erasures.setdefault(state["subject"], []).append((position, state["scope"]))
    return erasures


def _was_erased(pointer: dict[str, str], position: int, erasures: Erasures) -> bool:
    """Whether a later erasure covers a disclosure."""
    return any(
        later > position and pointer["kind"] in ErasureScope(scope).kinds
        for later, scope in erasures.get(pointer["subject"], ())
    )
