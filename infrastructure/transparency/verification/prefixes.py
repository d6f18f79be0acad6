"""Held copies: each checkpoint must be a prefix of the log, whoever has rewritten that since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.note import NoteError, Verifier
from infrastructure.transparency.verification.findings import Findings
from infrastructure.transparency.verification.sealed_logs import CheckedLog


@dataclass(frozen=True)
class Copy:
    """A checkpoint that somebody kept, where it was found, and the check that reports it."""

    where: str
    checkpoint: Checkpoint
    check: str = "held"


def open_copies(
    given: Sequence[tuple[str, str]], verifiers: Sequence[Verifier], check: str, findings: Findings
) -> list[Copy]:
    """The notes that one of the keys signed. Each other note is a finding."""
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
    future_root: Callable[[CheckedLog, int], bytes | None],
    findings: Findings,
) -> None:
    """Check that each copy is a prefix of its log, or lies in leaves that a restart gave up.

    ``future_root`` is the root of the current log at a size beyond its checkpoint (`record.future_root`).
    """
    by_origin = {log.origin: log for log in logs}
    for copy in copies:
        kept = copy.checkpoint
        log = by_origin.get(kept.origin)
        findings.count(copy.check, 1)
        if log is None:
            findings.add(copy.check, f"{copy.where}: there is no log {kept.origin} here")
        elif kept.size in log.roots or kept.size == 0:
            if kept.size and log.roots[kept.size] != kept.root:
                findings.add(copy.check, f"{copy.where}: the first {kept.size} leaves are not those that were signed")
        elif (given_up := _given_up(log, logs)) is not None and kept.size <= given_up:
            findings.warn(
                copy.check,
                f"{copy.where}: the restart after it gave up leaves {log.size} to {kept.size} of {kept.origin}",
            )
        elif log is logs[-1] and future_root(log, kept.size) == kept.root:
            findings.warn(
                copy.check,
                f"{copy.where}: a crash kept leaves {log.size} to {kept.size} from the database; their events are as they "
                "were signed, and the sealer seals them again when it runs",
            )
        else:
            findings.add(
                copy.check,
                f"{copy.where}: {kept.size} leaves were signed and there are {log.size}: events were removed, or an older "
                "backup was restored",
            )


def _given_up(log: CheckedLog, logs: Sequence[CheckedLog]) -> int | None:
    """The size up to which a log was signed when another one followed it; None where none does."""
    later = [after.follows for after in logs if after.follows is not None and after.follows.origin == log.origin]
    return later[0].size if later else None
