"""Brings each checkpoint to every destination: witnesses, a timestamp authority, a directory on another disk.

It runs in a thread of its own, so sealing never waits. A destination that fails is logged and tried again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import structlog

from application.faults import FAULTS
from infrastructure.postgres.database import Database
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signature
from infrastructure.transparency.publication.checkpoint_folder import HeldDirectory
from infrastructure.transparency.publication.http_client import Contradicted, HttpClient
from infrastructure.transparency.publication.replies import HashesOf, PublicationStore
from infrastructure.transparency.publication.timestamps import TimestampAuthority, trusted_certificates
from infrastructure.transparency.publication.witnesses import Ahead, WitnessClient, parse_witnesses
from infrastructure.transparency.sealer_folder import SealerFolder

WITNESSES_EVERY = 10.0
"""Least seconds between two checkpoints for one witness."""
DIRECTORY_EVERY = 60.0
AUTHORITY_EVERY = 3600.0
_AGAIN = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0)
"""Seconds until a destination that failed is tried again; the last value for every further failure."""
_GOODBYE = 2.0
"""Seconds to wait at the end for a delivery: a connection that is being made cannot be cancelled."""

log = structlog.get_logger()


class Store(Protocol):
    """Keeps what destinations reply (`publication.store.PublicationStore`)."""

    def proof(self, origin: str, old: int, size: int) -> list[bytes]: ...
    def keep_cosignature(self, checkpoint: Checkpoint, signature: Signature) -> None: ...
    def keep_timestamp(self, checkpoint: Checkpoint, authority: str, reply: bytes) -> None: ...
    def since_timestamp(self, origin: str, authority: str) -> float | None: ...
    def close(self) -> None: ...


@dataclass
class _Published:
    """A checkpoint and its cosignatures so far. Only the publisher's thread adds some."""

    note: str
    size: int
    cosigned: dict[str, str] = field(default_factory=dict)

    def cosigned_note(self) -> str:
        return self.note + "".join(self.cosigned.values())


@dataclass
class _Destination:
    """One place outside that checkpoints are brought to."""

    name: str
    every: float
    deliver: Callable[[_Published], float]
    """Returns 0 once delivered, or the seconds to wait before a delivery is due."""
    content: Callable[[_Published], str] = attrgetter("note")
    due: float = 0.0
    delivered: str | None = None
    failures: int = 0

    def lacks(self, published: _Published) -> bool:
        return self.delivered != self.content(published)


class Publisher:
    """Brings the newest checkpoint to each destination when due. Its thread runs while it is entered as a context."""

    def __init__(
        self,
        store: Store,
        *,
        witnesses: Sequence[WitnessClient] = (),
        authority: TimestampAuthority | None = None,
        directory: HeldDirectory | None = None,
        hang_up: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
        sealer_folder: SealerFolder | None = None,
    ) -> None:
        self._store, self._authority, self._directory = store, authority, directory
        self._hang_up, self._now = hang_up, now
        self._destinations = [
            _Destination(f"witness {client.witness.vkey.name}", WITNESSES_EVERY, self._cosigner(client))
            for client in witnesses
        ]
        if authority is not None:
            name = f"timestamp authority {authority.url}"
            self._destinations.append(_Destination(name, AUTHORITY_EVERY, self._stamp))
        if directory is not None:  # last, so that it gets the newest cosignatures
            name = f"directory {directory.folder}"
            self._destinations.append(_Destination(name, DIRECTORY_EVERY, self._put, _Published.cosigned_note))
        self._changed = threading.Condition()
        """Guards `_newest` and `_stopping`."""
        self._newest: _Published | None = None
        self._stopping = False
        self._sealer_folder = sealer_folder
        names = {each.name for each in self._destinations}
        self._alarms = {
            name: why
            for name, why in (sealer_folder.contradictions() if sealer_folder else {}).items()
            if name in names
        }
        self._has_stamped = False
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)

    # called in the sealer's thread

    def publish(self, note: str, size: int) -> None:
        """Take a new checkpoint, the signed note and its size, in place of earlier ones. Returns at once."""
        with self._changed:
            if self._newest is None or self._newest.note != note:
                self._newest = _Published(note, size)
                self._changed.notify_all()

    @property
    def alarms(self) -> Mapping[str, str]:
        """Contradictions of this log, by the destination that holds them; empty while there is none."""
        return dict(self._alarms)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop promptly. The directory gets the newest checkpoint, due or not."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._hang_up()
        self._thread.join(_GOODBYE)
        for each in self._destinations:
            if each.deliver == self._put and self._newest is not None and each.lacks(self._newest):
                self._run(each, self._newest)

    # called in its own thread

    def attend(self) -> float | None:
        """Deliver what is due; returns the seconds until the next is, None while every destination has the newest."""
        for each in self._destinations:
            newest = self._newest
            if newest is None or self._stopping:
                return None
            if each.lacks(newest) and each.due <= self._now():
                self._run(each, newest)
        newest = self._newest
        waiting = [each.due for each in self._destinations if newest is not None and each.lacks(newest)]
        return max(0.0, min(waiting) - self._now()) if waiting else None

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._wait(self._newest, self._attended())
        finally:
            self._store.close()

    def _attended(self) -> float | None:
        try:
            return self.attend()
        except Exception as error:  # noqa: BLE001 - the thread must not end before it is told to
            FAULTS.add("publisher", error)
            return _AGAIN[0]

    def _wait(self, seen: _Published | None, seconds: float | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._newest is not seen, seconds)

    def _run(self, destination: _Destination, published: _Published) -> None:
        try:
            wait = destination.deliver(published)
        except Exception as error:  # noqa: BLE001 - any failure is tried again, and sealing goes on
            self._failed(destination, error)
            return
        destination.due, destination.failures = self._now() + (wait or destination.every), 0
        if not wait:
            destination.delivered = destination.content(published)
            self._alarm(destination.name, None)

    def _failed(self, destination: _Destination, error: Exception) -> None:
        again = _AGAIN[min(destination.failures, len(_AGAIN) - 1)]
        destination.due, destination.failures = self._now() + again, destination.failures + 1
        if self._stopping:
            return
        if isinstance(error, Contradicted) and not self._has_caught_up(error):
            self._alarm(destination.name, str(error))
            log.error("THIS LOG IS CONTRADICTED from outside", by=destination.name, why=str(error), again_in=again)
        else:
            log.warning("checkpoint not held outside", to=destination.name, error=str(error), again_in=again)

    def _alarm(self, name: str, why: str | None) -> None:
        if why == self._alarms.get(name):
            return
        others = {other: reason for other, reason in self._alarms.items() if other != name}
        self._alarms = {**others, name: why} if why else others
        if self._sealer_folder is not None:
            with suppress(OSError):  # the process's log has it
                self._sealer_folder.contradict(self._alarms)

    def _has_caught_up(self, error: Contradicted) -> bool:
        """Whether a witness was ahead only of an older checkpoint: others showed it what we have published since."""
        return isinstance(error, Ahead) and self._newest is not None and error.size <= self._newest.size

    # deliveries

    def _cosigner(self, client: WitnessClient) -> Callable[[_Published], float]:
        def cosign(published: _Published) -> float:
            signature = client.cosign(published.note, self._store.proof)
            published.cosigned[signature.name] = signature.line()
            self._store.keep_cosignature(Checkpoint.of_text(published.note), signature)
            return 0

        return cosign

    def _stamp(self, published: _Published) -> float:
        assert self._authority is not None
        checkpoint = Checkpoint.of_text(published.note)
        if not self._has_stamped:  # a process that restarts often must not ask often
            since = self._store.since_timestamp(checkpoint.origin, self._authority.url)
            self._has_stamped = True
            if since is not None and since < AUTHORITY_EVERY:
                return AUTHORITY_EVERY - since
        reply = self._authority.stamp(published.note)
        self._store.keep_timestamp(checkpoint, self._authority.url, reply)
        return 0

    def _put(self, published: _Published) -> float:
        assert self._directory is not None
        self._directory.keep(published.cosigned_note())
        return 0


def make_publisher(
    database: Database,
    sealer_folder: SealerFolder,
    hashes_of: HashesOf,
    *,
    witnesses: str,
    tsa_url: str | None,
    tsa_ca_file: Path | None,
    held_dir: Path | None,
) -> Publisher:
    """The publisher of a sealer's process, from its settings. Raises ValueError or OSError for unusable ones."""
    client = HttpClient()
    authority = None
    if tsa_url is not None:
        trusted = () if tsa_ca_file is None else trusted_certificates(tsa_ca_file)
        authority = TimestampAuthority(tsa_url, trusted, client.post)
    return Publisher(
        PublicationStore(partial(database.connect, "sealer"), hashes_of),
        witnesses=[WitnessClient(witness, client.post) for witness in parse_witnesses(witnesses)],
        authority=authority,
        directory=None if held_dir is None else HeldDirectory(held_dir),
        hang_up=client.hang_up,
        sealer_folder=sealer_folder,
    )
