"""Checks a case's bundle offline, without a database or a network. It trusts only the given verifier keys.

It covers every byte of `events.jsonl`, `disclosures.json`, `consistency.json` and of the case's files, and `checkpoint`
but for the lines of unknown keys. It does not cover `README.txt`, or the bytes of a zip archive around its files.
"""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from domain.values import ErasureScope
from infrastructure.transparency.bundle.attachments import check_files
from infrastructure.transparency.bundle.reader import CannotVerify
from infrastructure.transparency.bundle.writer import (
    CHECKPOINT,
    CONSISTENCY,
    DISCLOSURES,
    EVENTS,
    canonical,
    event_line,
)
from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.leaf import Leaf, parse_leaf
from infrastructure.transparency.formats.merkle import is_consistent, leaf_hash, root_by_inclusion
from infrastructure.transparency.formats.note import NoteError, Verifier, parse_note, strict_base64
from infrastructure.transparency.formats.pointers import pointers
from infrastructure.transparency.log_copy import LogCopy

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""The errors of malformed documents: no JSON, nested too deeply, or of other types."""


@dataclass
class Verified:
    """The result of a check; ``findings`` is empty for a valid bundle."""

    case: str | None = None
    origin: str | None = None
    size: int = 0
    root: str | None = None
    events: int = 0
    disclosures: int = 0
    erased: int = 0
    """Disclosures that the events point to and the bundle lacks."""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there is no finding."""
        return not self.findings


def stream_of(files: Mapping[str, bytes]) -> str | None:
    """The stream of the bundle's first event; None where that is malformed."""
    try:
        return parse_leaf(strict_base64(json.loads(files[EVENTS].split(b"\n", 1)[0])["leaf"])).stream
    except _UNREADABLE:
        return None


def verify_bundle(
    files: Mapping[str, bytes],
    verifiers: Sequence[Verifier],
    *,
    case: str | None = None,
    old: str | None = None,
    log: LogCopy | None = None,
) -> Verified:
    """Check a bundle. ``case`` is the number it must have, ``old`` a note kept earlier, ``log`` a copy of the log.

    Raises CannotVerify where ``old`` needs a proof that is missing.
    """
    found = Verified()
    try:
        now = open_checkpoint(files[CHECKPOINT], verifiers)
        if str(parse_note(files[CHECKPOINT])).encode() != files[CHECKPOINT]:
            raise NoteError("it is not in a note's canonical form")  # noqa: TRY301 - reported as any other NoteError
    except NoteError as error:
        found.findings.append(f"{CHECKPOINT}: {error}")
        return found
    found.origin, found.size, found.root = now.origin, now.size, b64encode(now.root).decode()
    events = _check_events(files[EVENTS], now, found)
    _check_case(events, case, found)
    _check_disclosures(files, events, found)
    if old is not None:
        _check_old(old, verifiers, now, files.get(CONSISTENCY), log, found)
    elif CONSISTENCY in files:
        found.notes.append(f"{CONSISTENCY} is not checked without the older checkpoint (--old)")
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
        found.findings.append("the bundle is empty: a case has at least one event")
    for number, line in enumerate(lines, start=1):
        try:
            events.append(_read_event(line, now))
        except _UNREADABLE as error:
            found.findings.append(f"{EVENTS}, line {number}: {error or type(error).__name__}")
    found.events = len(events)
    for before, after in itertools.pairwise(events):
        if not (before.index < after.index and before.leaf.position < after.leaf.position):
            found.findings.append(f"{EVENTS}: the event at leaf {after.index} is out of order")
    return events


def _read_event(line: bytes, now: Checkpoint) -> _Event:
    """One event, with its proof checked. Raises ValueError, KeyError, TypeError."""
    given = json.loads(line)
    record, state = strict_base64(given["leaf"]), strict_base64(given["state"])
    proof = [strict_base64(node) for node in given["proof"]]
    leaf = parse_leaf(record)
    if sha256(state).hexdigest() != leaf.state_sha256:
        raise ValueError(f"the state does not match leaf {given['index']}")
    if type(given["index"]) is not int or canonical(event_line(given["index"], record, state, proof)) != line:
        raise ValueError("the line does not follow from leaf, state and proof")
    if any(len(node) != 32 for node in proof):
        raise ValueError("the proof is not made of hashes of 32 bytes")
    if root_by_inclusion(leaf_hash(record), given["index"], now.size, proof) != now.root:
        raise ValueError(f"the proof of leaf {given['index']} does not lead to the checkpoint's root")
    parsed = json.loads(state)
    if not isinstance(parsed, dict):
        raise TypeError("the state is no object")
    return _Event(given["index"], leaf, parsed)


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


def _check_disclosures(files: Mapping[str, bytes], events: Sequence[_Event], found: Verified) -> None:
    """Check that each disclosure matches an event's pointer, in order and once, and that a missing one was erased."""
    content = files.get(DISCLOSURES)
    if content is None:
        found.findings.append(f"there is no {DISCLOSURES}")
        return
    pointed = {pointer["digest"]: (event, pointer) for event in reversed(events) for pointer in pointers(event.state)}
    order = {digest: place for place, digest in enumerate(_digests_in_order(events))}
    try:
        given = json.loads(content)
        if type(given) is not list or canonical(given) != content:
            raise ValueError("it is not in canonical form")
        for disclosure in given:
            _check_disclosure(disclosure, {digest: pointer for digest, (_, pointer) in pointed.items()})
        places = [order[disclosure["digest"]] for disclosure in given]
        findings, notes = check_files(files, given)
    except _UNREADABLE as error:
        found.findings.append(f"{DISCLOSURES}: {error or type(error).__name__}")
        return
    if places != sorted(set(places)):
        found.findings.append(f"{DISCLOSURES}: a disclosure stands there twice, or out of order")
    found.findings += findings
    found.notes += notes
    found.disclosures = len(given)
    for digest in pointed.keys() - {disclosure["digest"] for disclosure in given}:
        found.erased += 1
        event, pointer = pointed[digest]
        if not _was_erased(event, pointer, events):
            found.findings.append(
                f"a disclosure ({pointer['kind']}) of the event at leaf {event.index} is missing, and no event says that it "
                "was erased"
            )


def _digests_in_order(events: Sequence[_Event]) -> list[str]:
    """The digests that events point to, in the order of `make_bundle`: by event, then by digest, each once."""
    by_event = (sorted({pointer["digest"] for pointer in pointers(event.state)}) for event in events)
    return list(dict.fromkeys(digest for digests in by_event for digest in digests))


def _was_erased(of: _Event, pointer: Mapping[str, str], events: Sequence[_Event]) -> bool:
    """Whether a later event of the case erased this subject's disclosures of this kind (docs/personal-data.md)."""
    return any(
        event.leaf.topic.endswith(".personal_data_erased")
        and event.index > of.index
        and event.state.get("subject") == pointer["subject"]
        and pointer["kind"] in ErasureScope(event.state["scope"]).kinds
        for event in events
    )


def _check_disclosure(given: Mapping[str, str], pointed: Mapping[str, Mapping[str, str]]) -> None:
    if given.keys() != {"digest", "kind", "subject", "salt", "value"}:
        raise ValueError("a disclosure has digest, kind, subject, salt and value")
    digest, salt = given["digest"], bytes.fromhex(given["salt"])
    if sha256(salt + given["value"].encode()).hexdigest() != digest:
        raise ValueError(f"the value and salt of {digest} do not match that digest")
    if salt.hex() != given["salt"]:
        raise ValueError("a salt is written in lower-case hex")
    if pointed.get(digest) != {name: given[name] for name in ("digest", "kind", "subject")}:
        raise ValueError(f"no event points to {digest} as it stands here")


def _check_old(
    note: str,
    verifiers: Sequence[Verifier],
    now: Checkpoint,
    consistency: bytes | None,
    log: LogCopy | None,
    found: Verified,
) -> None:
    """Check that the log continues an older checkpoint."""
    try:
        old = open_checkpoint(note, verifiers)
    except NoteError as error:
        found.findings.append(f"the older checkpoint: {error}")
        return
    if old.origin != now.origin:
        found.findings.append(f"the older checkpoint is of another log, {old.origin}")
    elif old.size == now.size or log is None:
        proof = _proof_between(old, now, consistency, found)
        if proof is not None and not is_consistent(old.size, old.root, now.size, now.root, proof):
            found.findings.append(f"the log does not continue the older checkpoint of {old.size} leaves")
    elif (root := log.root(old.size)) is None:
        found.findings.append(f"the copy of the log is shorter than the older checkpoint of {old.size} leaves")
    elif root != old.root:
        found.findings.append(f"the log does not continue the older checkpoint of {old.size} leaves")


def _proof_between(old: Checkpoint, now: Checkpoint, content: bytes | None, found: Verified) -> list[bytes] | None:
    try:
        given = json.loads(content) if content is not None else {"from": None, "to": None, "proof": []}
        if (content is not None and canonical(given) != content) or given.keys() != {"from", "to", "proof"}:
            raise ValueError("it is not in canonical form")
        proof = [strict_base64(node) for node in given["proof"]]
    except _UNREADABLE as error:
        found.findings.append(f"{CONSISTENCY}: {error}")
        return None
    if (given["from"], given["to"]) == (old.size, now.size):
        return proof
    if old.size in (0, now.size):  # needs no proof
        return []
    raise CannotVerify(
        f"a proof is missing that the log of {now.size} leaves continues the older checkpoint of {old.size}: name a copy of "
        "the log (--tlog DIR), or have the bundle made with `caseledger bundle CASE -o DIR --old CHECKPOINT`"
    )


def _check_log(log: LogCopy, now: Checkpoint, events: Sequence[_Event], found: Verified) -> None:
    """Check that a copy of the log continues the checkpoint, and holds no event of the case that the bundle lacks."""
    root = log.root(now.size)
    if root is None:
        found.findings.append(
            f"the copy of the log is shorter than the checkpoint of {now.size} leaves; make a newer copy"
        )
    elif root != now.root:
        found.findings.append("the copy of the log has another root than the checkpoint")
    if not events:
        return
    known = {event.index for event in events}
    for index, leaf in log.leaves_of(events[0].leaf.stream):
        if index in known:
            continue
        event = f"version {leaf.version}, {leaf.topic}, at leaf {index}"
        if index < now.size:
            found.findings.append(f"the bundle lacks an event of the case: {event}")
        else:
            found.notes.append(f"the case has a newer event than the bundle: {event}")
