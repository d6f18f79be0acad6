"""`caseledger verify` as a whole: all checks, as the auditor, read-only, at one snapshot."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from cryptography.x509 import Certificate

from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.note import Verifier
from infrastructure.transparency.log_reader import one_snapshot
from infrastructure.transparency.verification.database_catalogue import check_catalogue
from infrastructure.transparency.verification.findings import Finding, Findings
from infrastructure.transparency.verification.prefixes import check_prefixes, open_copies
from infrastructure.transparency.verification.sealed_logs import CheckedLog, check_logs, future_root
from infrastructure.transparency.verification.signers import check_keys, check_timestamps
from infrastructure.transparency.verification.streams import check_numbers, check_streams
from infrastructure.transparency.verification.vault import check_vault
from infrastructure.views.comparison import compare, prepare
from infrastructure.views.projector import Poisoned

_SQL = load("audit", "infrastructure.transparency.verification")
Notes = Sequence[tuple[str, str]]
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Makes a progress bar, from a name and a total."""


@dataclass(frozen=True)
class Verification:
    """The result of an audit: findings, warnings, and the current log's size and root."""

    size: int
    root: str | None
    checked: dict[str, int]
    findings: list[Finding]
    warnings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether there is no finding."""
        return not self.findings


def verify(
    connection: psycopg.Connection[Any],
    verifiers: Sequence[Verifier],
    *,
    own: Notes = (),
    held: Notes = (),
    trusted: Sequence[Certificate] = (),
    progress: Progress,
) -> Verification:
    """Every check of audit.md. Data too damaged to be checked are a finding, and the other checks go on.

    ``own`` are the sealer's notes, ``held`` those that others kept, each with its place; ``trusted`` are certificates of
    timestamp authorities. Raises psycopg.OperationalError.
    """
    findings = Findings()
    copies = open_copies(own, verifiers, "sealer", findings) + open_copies(held, verifiers, "held", findings)
    watch: dict[str, list[int]] = {}
    for copy in copies:
        watch.setdefault(copy.checkpoint.origin, []).append(copy.checkpoint.size)
    can_fold = _check("projections", lambda: prepare(connection), findings)
    with one_snapshot(connection):
        logs = list[CheckedLog]()

        def attempt(name: str, check: Callable[[], None]) -> None:
            def within_a_savepoint() -> None:
                with connection.transaction():
                    check()

            _check(name, within_a_savepoint, findings)

        attempt("leaves", lambda: logs.extend(_leaves(connection, verifiers, watch, findings, progress)))
        attempt("prefixes", lambda: check_prefixes(copies, logs, partial(future_root, connection), findings))
        attempt("keys", lambda: check_keys(connection, logs, findings))
        attempt("timestamps", lambda: check_timestamps(connection, trusted, findings))
        for name, check in _CHECKS.items():
            attempt(name, partial(check, connection, findings))
        if can_fold:
            attempt("projections", lambda: _check_views(connection, logs, findings, progress))
        attempt("unsealed", lambda: _count_unsealed(connection, logs, findings))
        numbers = dict[str, str]()
        attempt("numbers", lambda: numbers.update(_numbers_in(connection, findings)))
        return _result(logs, findings, numbers)


def _check(name: str, check: Callable[[], None], findings: Findings) -> bool:
    """Run one check; returns whether it could read its data. Raises psycopg.OperationalError."""
    try:
        check()
    except psycopg.OperationalError:
        raise
    except (psycopg.DatabaseError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        findings.add(name, f"too damaged to be checked: {str(error).strip() or type(error).__name__}")
        return False
    return True


def _leaves(
    connection: psycopg.Connection[Any],
    verifiers: Sequence[Verifier],
    watch: dict[str, list[int]],
    findings: Findings,
    progress: Progress,
) -> list[CheckedLog]:
    expected = connection.execute(_SQL["expected"]).fetchone()
    with progress("leaves", expected[0] if expected else None) as advance:
        return check_logs(connection, verifiers, watch, findings, advance)


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


def _check_views(
    connection: psycopg.Connection[Any], logs: Sequence[CheckedLog], findings: Findings, progress: Progress
) -> None:
    """Check that the projections equal a replay of every event, both ways."""
    sealed = logs[-1].position if logs else 0
    expected = connection.execute(_SQL["folded"]).fetchone()
    try:
        with progress("replaying events", expected[0] if expected else None) as advance:
            compared = compare(connection, advance)
    except Poisoned as poison:
        findings.add("projections", str(poison), position=poison.position)
        return
    findings.count("projections", compared.events)
    if compared.position < sealed:
        findings.warn("projections", f"the views have reached position {compared.position}, the log {sealed}")
    for difference in compared.findings:
        findings.add("projections", str(difference), case=difference.number)


def _count_unsealed(connection: psycopg.Connection[Any], logs: Sequence[CheckedLog], findings: Findings) -> None:
    row = connection.execute(_SQL["unsealed"], (logs[-1].position if logs else 0,)).fetchone()
    findings.count("unsealed", row[0] if row else 0)


def _numbers_in(connection: psycopg.Connection[Any], findings: Findings) -> dict[str, str]:
    """The numbers of the cases in findings and warnings, by their streams."""
    named = {each.case for each in (*findings.found, *findings.warnings) if each.case is not None}
    return dict(connection.execute(_SQL["numbers_of"], (sorted(filter(_is_stream, named)),)).fetchall())


def _result(logs: Sequence[CheckedLog], findings: Findings, numbers: Mapping[str, str]) -> Verification:
    current = logs[-1] if logs else CheckedLog(0, "")
    if not logs and findings.ok:
        findings.add("root", "nothing was ever sealed")
    if findings.unlisted:
        findings.found.append(Finding("", f"and {findings.unlisted} more findings"))
    found, warnings = (
        [replace(each, case=numbers.get(each.case or "", each.case)) for each in listed]
        for listed in (findings.found, findings.warnings)
    )
    root = b64encode(current.root).decode() if logs else None
    return Verification(current.size, root, findings.checked, found, warnings)


def _is_stream(case: str) -> bool:
    try:
        UUID(case)
    except ValueError:
        return False
    return True
