"""Checks a case's bundle offline: no database, no network, nothing taken from whoever made it but the bundle itself.

Every byte of `events.jsonl`, `disclosures.json` and `consistency.json` counts, and of `checkpoint` all but the lines of
keys that were not named. `README.txt` is not covered, nor are the bytes of a zip archive around its files.
"""

from __future__ import annotations

import itertools
import json
import zipfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from infrastructure.ledger.bundle import CHECKPOINT, CONSISTENCY, DISCLOSURES, EVENTS, README, canonical, event_line
from infrastructure.ledger.checkpoint import Checkpoint, open_checkpoint
from infrastructure.ledger.copy import LogCopy
from infrastructure.ledger.leaf import Leaf, parse_leaf
from infrastructure.ledger.merkle import is_consistent, leaf_hash, root_by_inclusion
from infrastructure.ledger.note import NoteError, Verifier, parse_note, strict_base64
from infrastructure.ledger.pointers import pointers

_LARGEST = 1 << 30
_KNOWN = {EVENTS, CHECKPOINT, DISCLOSURES, CONSISTENCY, README}


class CannotVerify(Exception):
    """There is no bundle to check, or something to check it against is missing."""


@dataclass
class Verified:
    """What was found; ``findings`` is empty for a bundle that holds."""

    case: str | None = None
    origin: str | None = None
    size: int = 0
    root: str | None = None
    events: int = 0
    disclosures: int = 0
    erased: int = 0
    """Disclosures that the events point to and the bundle does not have."""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings


def read_bundle(place: Path) -> dict[str, bytes]:
    """The files of a bundle, a folder or the same zipped. Raises CannotVerify."""
    try:
        if place.is_dir():
            files = {path.name: path.read_bytes() for path in sorted(place.iterdir()) if path.is_file()}
        else:
            with zipfile.ZipFile(place) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                    raise CannotVerify(f"{place} unpacks to more than a bundle ever has")
                files = {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise CannotVerify(f"{place} cannot be read: {error}") from error
    if EVENTS not in files or CHECKPOINT not in files:
        raise CannotVerify(f"{place} is no bundle: it has no {EVENTS} or no {CHECKPOINT}")
    return files


def stream_of(files: Mapping[str, bytes]) -> str | None:
    """Which case's leaves to look for in a copy of the log; None where the bundle does not say."""
    try:
        return parse_leaf(strict_base64(json.loads(files[EVENTS].split(b"\n", 1)[0])["leaf"])).stream
    except (ValueError, KeyError, TypeError):
        return None


def verify_bundle(
    files: Mapping[str, bytes],
    verifiers: Sequence[Verifier],
    *,
    case: str | None = None,
    old: str | None = None,
    log: LogCopy | None = None,
) -> Verified:
    """Check a bundle; ``case`` is the number it must be of, ``old`` a note kept earlier, ``log`` a copy of the log.

    Raises CannotVerify when ``old`` needs a proof that is not there.
    """
    found = Verified()
    for name in sorted(files.keys() - _KNOWN):
        found.findings.append(f"{name} does not belong in a bundle")
    try:
        now = open_checkpoint(files[CHECKPOINT], verifiers)
        if str(parse_note(files[CHECKPOINT])).encode() != files[CHECKPOINT]:
            raise NoteError("it is not written as notes are")  # noqa: TRY301 - said like all that is wrong with it
    except NoteError as error:
        found.findings.append(f"{CHECKPOINT}: {error}")
        return found
    found.origin, found.size, found.root = now.origin, now.size, b64encode(now.root).decode()
    events = _check_events(files[EVENTS], now, found)
    _check_case(events, case, found)
    _check_disclosures(files.get(DISCLOSURES), events, found)
    if old is not None:
        _check_old(old, verifiers, now, files.get(CONSISTENCY), log, found)
    elif CONSISTENCY in files:
        found.notes.append(f"{CONSISTENCY} was not checked: name the older checkpoint with --old")
    if log is not None:
        _check_log(log, now, events, found)
    return found


@dataclass(frozen=True)
class _Event:
    index: int
    leaf: Leaf
    state: dict[str, Any]


def _check_events(content: bytes, now: Checkpoint, found: Verified) -> list[_Event]:
    events: list[_Event] = []
    lines = content.splitlines(keepends=True)
    if not lines:
        found.findings.append("the bundle is empty: no case has no events")
    for number, line in enumerate(lines, start=1):
        try:
            events.append(_read_event(line, now))
        except (ValueError, KeyError, TypeError) as error:
            found.findings.append(f"{EVENTS}, line {number}: {error or type(error).__name__}")
    found.events = len(events)
    for before, after in itertools.pairwise(events):
        if not (before.index < after.index and before.leaf.position < after.leaf.position):
            found.findings.append(f"{EVENTS}: the event at leaf {after.index} is out of order")
    return events


def _read_event(line: bytes, now: Checkpoint) -> _Event:
    """One event, proved. Raises ValueError, KeyError, TypeError."""
    given = json.loads(line)
    record, state = strict_base64(given["leaf"]), strict_base64(given["state"])
    proof = [strict_base64(node) for node in given["proof"]]
    leaf = parse_leaf(record)
    if sha256(state).hexdigest() != leaf.state_sha256:
        raise ValueError(f"the state is not the one that was sealed at leaf {given['index']}")
    if type(given["index"]) is not int or canonical(event_line(given["index"], record, state, proof)) != line:
        raise ValueError("the line does not follow from leaf, state and proof")
    if any(len(node) != 32 for node in proof):
        raise ValueError("a proof is made of hashes of 32 bytes")
    if root_by_inclusion(leaf_hash(record), given["index"], now.size, proof) != now.root:
        raise ValueError(f"the proof of leaf {given['index']} does not lead to the checkpoint's root")
    return _Event(given["index"], leaf, json.loads(state))


def _check_case(events: Sequence[_Event], case: str | None, found: Verified) -> None:
    if not events:
        return
    found.case = events[0].state.get("number")
    if case is not None and found.case != case:
        found.findings.append(f"this is the bundle of {found.case}, not of {case}")
    if len({event.leaf.stream for event in events}) > 1:
        found.findings.append("the events are of more than one case")
    for expected, event in enumerate(events, start=1):
        if event.leaf.version != expected:
            found.findings.append(f"the case's version {expected} is missing before leaf {event.index}")
            return


def _check_disclosures(content: bytes | None, events: Sequence[_Event], found: Verified) -> None:
    if content is None:
        found.findings.append(f"there is no {DISCLOSURES}")
        return
    pointed = {said["digest"]: said for event in events for said in pointers(event.state)}
    try:
        given = json.loads(content)
        if canonical(given) != content:
            raise ValueError("it is not written as bundles have it")  # noqa: TRY301 - said like all that is wrong with it
        for said in given:
            _check_disclosure(said, pointed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found.findings.append(f"{DISCLOSURES}: {error or type(error).__name__}")
        return
    found.disclosures = len(given)
    found.erased = len(pointed.keys() - {said["digest"] for said in given})


def _check_disclosure(said: Mapping[str, str], pointed: Mapping[str, Mapping[str, str]]) -> None:
    if said.keys() != {"digest", "kind", "subject", "salt", "value"}:
        raise ValueError("a disclosure has digest, kind, subject, salt and value")
    if sha256(bytes.fromhex(said["salt"]) + said["value"].encode()).hexdigest() != said["digest"]:
        raise ValueError(f"what is disclosed as {said['digest']} is not what was said")
    if bytes.fromhex(said["salt"]).hex() != said["salt"]:
        raise ValueError("salts are written in lower-case hex")
    if pointed.get(said["digest"]) != {name: said[name] for name in ("digest", "kind", "subject")}:
        raise ValueError(f"no event points to {said['digest']} as it stands here")


def _check_old(
    note: str,
    verifiers: Sequence[Verifier],
    now: Checkpoint,
    consistency: bytes | None,
    log: LogCopy | None,
    found: Verified,
) -> None:
    """The log must continue what somebody kept of it."""
    try:
        old = open_checkpoint(note, verifiers)
    except NoteError as error:
        found.findings.append(f"the older checkpoint: {error}")
        return
    if old.origin != now.origin:
        found.findings.append(f"the older checkpoint is of another log, {old.origin}")
    elif old.size == now.size or log is None:
        proof = [] if old.size in (0, now.size) else _proof_between(old, now, consistency, found)
        if proof is not None and not is_consistent(old.size, old.root, now.size, now.root, proof):
            found.findings.append(f"the log does not continue the older checkpoint of {old.size} leaves")
    elif (root := log.root(old.size)) is None:
        found.findings.append(f"the copy of the log is shorter than the older checkpoint of {old.size} leaves")
    elif root != old.root:
        found.findings.append(f"the log does not continue the older checkpoint of {old.size} leaves")


def _proof_between(old: Checkpoint, now: Checkpoint, content: bytes | None, found: Verified) -> list[bytes] | None:
    try:
        given = json.loads(content or b"{}")
        if content is not None and canonical(given) != content:
            raise ValueError("it is not written as bundles have it")  # noqa: TRY301 - said like all that is wrong with it
        if (given.get("from"), given.get("to")) == (old.size, now.size):
            return [strict_base64(node) for node in given["proof"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found.findings.append(f"{CONSISTENCY}: {error}")
        return None
    raise CannotVerify(
        f"that the log of {now.size} leaves continues the older checkpoint of {old.size} needs a proof: name a copy of the "
        "log (--tlog DIR), or have the bundle made with `caseledger bundle CASE -o DIR --old CHECKPOINT`"
    )


def _check_log(log: LogCopy, now: Checkpoint, events: Sequence[_Event], found: Verified) -> None:
    """The copy of the log must continue the checkpoint, and hold no event of the case that the bundle leaves out."""
    root = log.root(now.size)
    if root is None:
        found.findings.append(
            f"the copy of the log has fewer leaves than the checkpoint's {now.size}: make a newer copy"
        )
    elif root != now.root:
        found.findings.append("the copy of the log is of another tree than the checkpoint")
    if not events:
        return
    known = {event.index for event in events}
    for index, leaf in log.leaves_of(events[0].leaf.stream):
        if index in known:
            continue
        said = f"version {leaf.version}, {leaf.topic}, at leaf {index}"
        if index < now.size:
            found.findings.append(f"the bundle leaves out an event of the case: {said}")
        else:
            found.notes.append(f"the case has gone on since the bundle was made: {said}")
