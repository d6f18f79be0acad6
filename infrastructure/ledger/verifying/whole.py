"""All of `caseledger verify`, as the auditor, read-only, at one snapshot."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from infrastructure.ledger.catalogue import check_catalogue
from infrastructure.ledger.log import one_snapshot
from infrastructure.ledger.note import Verifier
from infrastructure.ledger.verifying.findings import Finding, Findings
from infrastructure.ledger.verifying.prefixes import check_prefixes, open_copies
from infrastructure.ledger.verifying.record import CheckedLog, check_logs, root_made_up
from infrastructure.ledger.verifying.streams import check_numbers, check_streams
from infrastructure.ledger.verifying.vault import check_vault
from infrastructure.postgres.queries import load
from infrastructure.views.comparing import compare, prepare
from infrastructure.views.projector import Poisoned

_SQL = load("verifying", "infrastructure.ledger")
Notes = Sequence[tuple[str, str]]
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Makes a progress bar: what is done, and how much of it there is."""


@dataclass(frozen=True)
class Verification:
    """What an audit found."""

    size: int
    root: str | None
    checked: dict[str, int]
    findings: list[Finding]
    warnings: list[Finding]

    @property
    def ok(self) -> bool:
        return not self.findings


def verify(
    connection: psycopg.Connection[Any],
    verifiers: Sequence[Verifier],
    *,
    own: Notes = (),
    held: Notes = (),
    progress: Progress,
) -> Verification:
    """Every check of audit.md. ``own`` is what the sealer remembers, ``held`` what others kept."""
    findings = Findings()
    copies = open_copies(own, verifiers, "sealer", findings) + open_copies(held, verifiers, "held", findings)
    watch: dict[str, list[int]] = {}
    for copy in copies:
        watch.setdefault(copy.checkpoint.origin, []).append(copy.checkpoint.size)
    prepare(connection)
    with one_snapshot(connection):
        expected = connection.execute(_SQL["expected"]).fetchone()
        with progress("leaves", expected[0] if expected else None) as advance:
            logs = check_logs(connection, verifiers, watch, findings, advance)
        check_prefixes(copies, logs, partial(root_made_up, connection), findings)
        for name, check in _CHECKS.items():
            _check(name, check, connection, findings)
        _check_views(connection, logs[-1].position if logs else 0, findings, progress)
        return _told(connection, logs, findings)


def _check(name: str, check: Check, connection: psycopg.Connection[Any], findings: Findings) -> None:
    """One check; on what is too damaged to be read it says so, and the others go on."""
    try:
        with connection.transaction():  # a savepoint
            check(connection, findings)
    except (psycopg.DatabaseError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        findings.add(name, f"it is damaged so that it cannot be checked: {str(error).strip() or type(error).__name__}")


def _check_catalogue(connection: psycopg.Connection[Any], findings: Findings) -> None:
    checked = check_catalogue(connection)
    findings.count("catalogue", checked.facts)
    for message in checked.findings:
        findings.add("catalogue", message)
    for message in checked.warnings:
        findings.warn("catalogue", message)


Check = Callable[[psycopg.Connection[Any], Findings], None]
_CHECKS: dict[str, Check] = {
    "versions": check_streams,
    "numbers": check_numbers,
    "vault": check_vault,
    "catalogue": _check_catalogue,
}


def _check_views(connection: psycopg.Connection[Any], sealed: int, findings: Findings, progress: Progress) -> None:
    """Projections equal a replay: every event folded anew, compared both ways."""
    expected = connection.execute(_SQL["folded"]).fetchone()
    try:
        with progress("replaying events", expected[0] if expected else None) as advance:
            compared = compare(connection, advance)
    except Poisoned as poison:
        findings.add("projections", str(poison), position=poison.position)
        return
    findings.count("projections", compared.events)
    if compared.position < sealed:
        findings.warn("projections", f"the views have got to position {compared.position} only, the log to {sealed}")
    for difference in compared.findings:
        findings.add("projections", str(difference), case=difference.number)


def _told(connection: psycopg.Connection[Any], logs: Sequence[CheckedLog], findings: Findings) -> Verification:
    current = logs[-1] if logs else CheckedLog(0, "")
    if not logs:
        findings.add("root", "nothing was ever sealed")
    unsealed = connection.execute(_SQL["unsealed"], (current.position,)).fetchone()
    findings.count("unsealed", unsealed[0] if unsealed else 0)
    if findings.untold:
        findings.found.append(Finding("", f"and {findings.untold} findings more"))
    return Verification(
        current.size,
        b64encode(current.root).decode() if logs else None,
        findings.checked,
        _numbered(connection, findings.found),
        _numbered(connection, findings.warnings),
    )


def _numbered(connection: psycopg.Connection[Any], found: Sequence[Finding]) -> list[Finding]:
    """The findings with the numbers people know the cases by."""
    streams = sorted({finding.case for finding in found if finding.case is not None and _is_stream(finding.case)})
    numbers = dict(connection.execute(_SQL["numbers_of"], (streams,)).fetchall())
    return [replace(each, case=numbers.get(each.case, each.case)) for each in found]


def _is_stream(case: str) -> bool:
    try:
        UUID(case)
    except ValueError:
        return False
    return True
