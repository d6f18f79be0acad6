"""What was said is what the events point to, by its digest; and what is gone was erased by an event that says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from domain.values import DisclosureKind, ErasureScope
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.pointers import pointers
from infrastructure.transparency.verification.contents import check_contents, has_file
from infrastructure.transparency.verification.findings import Findings

_SQL = load("verification", "infrastructure.transparency.verification")
Row = tuple[Any, ...]


def check_vault(connection: psycopg.Connection[Any], findings: Findings) -> None:
    """Every disclosure against the event that points to it, both ways."""
    erased = _erasures(connection)
    with psycopg.ServerCursor(connection, "verify_vault") as cursor:
        cursor.itersize = 2_000
        rows: Iterator[Row] = iter(cursor.execute(_SQL["disclosing"], binary=True))
        for (position, stream, state), said in groupby(rows, key=itemgetter(0, 1, 2)):
            _check_event(
                position, stream, bytes(state), [row[3:] for row in said if row[3] is not None], erased, findings
            )
    check_contents(connection, findings)
    for stream, version, position in connection.execute(_SQL["unpointed"]):
        findings.add(
            "vault", f"something lies there that version {version} does not point to", position=position, case=stream
        )


def _check_event(
    position: int,
    stream: str,
    state: bytes,
    said: list[Row],
    erased: dict[str, list[tuple[int, str]]],
    findings: Findings,
) -> None:
    kept = {bytes(row[0]).hex(): row for row in said}
    for pointer in {pointer["digest"]: pointer for pointer in pointers(json.loads(state))}.values():
        what = "outbox" if pointer["kind"] == DisclosureKind.MESSAGE else "vault"
        row = kept.pop(pointer["digest"], None)
        findings.count("outbox" if what == "outbox" else "disclosures", 1)
        if row is None:
            if not _was_erased(pointer, position, erased):
                findings.add(
                    what,
                    f"what was said ({pointer['kind']}) is gone, and no event says it was erased",
                    position=position,
                    case=stream,
                )
            continue
        _, salt, kind, subject, value, has_content = row
        if sha256(bytes(salt) + value.encode()).hexdigest() != pointer["digest"]:
            findings.add(
                what,
                f"what was said ({pointer['kind']}) is not what the event's digest is of",
                position=position,
                case=stream,
            )
        if (kind, subject) != (pointer["kind"], pointer["subject"]):
            findings.add(
                what,
                f"it is kept as {kind} of {subject}, and was said as {pointer['kind']} of {pointer['subject']}",
                position=position,
                case=stream,
            )
        if not has_content and has_file(value):
            findings.add("contents", "the file that came with it is gone", position=position, case=stream)
    for digest in kept:
        findings.add(
            "vault", f"{digest[:12]}... lies there, and the event does not point to it", position=position, case=stream
        )


def _erasures(connection: psycopg.Connection[Any]) -> dict[str, list[tuple[int, str]]]:
    """By subject: where on the record it was erased, and how much of it."""
    erased: dict[str, list[tuple[int, str]]] = {}
    for position, state in connection.execute(_SQL["erasures"]):
        said = json.loads(bytes(state))
        erased.setdefault(said["subject"], []).append((position, said["scope"]))
    return erased


def _was_erased(pointer: dict[str, str], position: int, erased: dict[str, list[tuple[int, str]]]) -> bool:
    return any(
        later > position and pointer["kind"] in ErasureScope(scope).kinds
        for later, scope in erased.get(pointer["subject"], ())
    )
