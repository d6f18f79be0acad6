"""Copies held elsewhere: each must be what the log was at that size, whoever has rewritten it since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.note import NoteError, Verifier
from infrastructure.transparency.verification.findings import Findings
from infrastructure.transparency.verification.record import CheckedLog


@dataclass(frozen=True)
class Copy:
    """A checkpoint that somebody kept: where it was found, what it says, and by which check it is told."""

    where: str
    checkpoint: Checkpoint
    check: str = "held"


def open_copies(
    given: Sequence[tuple[str, str]], verifiers: Sequence[Verifier], check: str, findings: Findings
) -> list[Copy]:
    """Those of the notes that one of the keys signed; of the others it is said that none did."""
    copies = []
    for where, note in given:
        try:
            copies.append(Copy(where, open_checkpoint(note, verifiers), check))
        except NoteError as error:
            findings.add(check, f"{where}: {error}")
    return copies


def check_prefixes(
    copies: Sequence[Copy],
    logs: Sequence[CheckedLog],
    made_up: Callable[[CheckedLog, int], bytes | None],
    findings: Findings,
) -> None:
    """Each copy is a prefix of the log it names, or of what was given up by a restart that says so.

    ``made_up`` is what the current log will be at a size beyond its checkpoint (record.root_made_up).
    """
    by_origin = {log.origin: log for log in logs}
    for copy in copies:
        kept = copy.checkpoint
        log = by_origin.get(kept.origin)
        findings.count(copy.check, 1)
        if log is None:
            findings.add(copy.check, f"{copy.where}: there is no log {kept.origin} here any more")
        elif kept.size in log.roots or kept.size == 0:
            if kept.size and log.roots[kept.size] != kept.root:
                findings.add(copy.check, f"{copy.where}: the first {kept.size} leaves are others than were signed")
        elif (given_up := _given_up(log, logs)) is not None and kept.size <= given_up:
            findings.warn(
                copy.check,
                f"{copy.where}: leaves {log.size} to {kept.size} of {kept.origin} were given up by the restart after it",
            )
        elif log is logs[-1] and made_up(log, kept.size) == kept.root:
            findings.warn(
                copy.check,
                f"{copy.where}: the database was cut off before it knew of leaves {log.size} to {kept.size}; their events are "
                "there as they were signed, and the sealer makes up for it when it runs",
            )
        else:
            findings.add(
                copy.check,
                f"{copy.where}: {kept.size} leaves were signed and there are {log.size}: events were taken away, or an older "
                "backup was restored",
            )


def _given_up(log: CheckedLog, logs: Sequence[CheckedLog]) -> int | None:
    """How far a log was signed that another one follows."""
    later = [after.follows for after in logs if after.follows is not None and after.follows.origin == log.origin]
    return later[0].size if later else None
