"""Takes each checkpoint out of our reach: to witnesses, to a timestamp authority, to a directory on another disk.

It has a thread of its own, and sealing never waits for it: whatever fails outside is said, and tried again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from types import TracebackType
from typing import Protocol, Self

import structlog

from application.faults import FAULTS
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signature
from infrastructure.transparency.publication.checkpoint_folder import HeldDirectory
from infrastructure.transparency.publication.http_client import Contradicted, Courier
from infrastructure.transparency.publication.store import HashesOf, OutsideStore
from infrastructure.transparency.publication.timestamps import TimestampAuthority, trusted_certificates
from infrastructure.transparency.publication.witnesses import Ahead, WitnessClient, parse_witnesses
from infrastructure.transparency.state_file import Safe

WITNESSES_EVERY = 10.0
"""Seconds at least between two checkpoints shown to one witness."""
DIRECTORY_EVERY = 60.0
AUTHORITY_EVERY = 3600.0
_AGAIN = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0)
"""Seconds until what failed is tried again; the last for every further time."""
_GOODBYE = 2.0
"""Seconds that the end waits for what is going on: a connection that is being made cannot be hung up on."""

log = structlog.get_logger()


class Store(Protocol):
    """Where what came back is kept (outside.OutsideStore)."""

    def proof(self, origin: str, old: int, size: int) -> list[bytes]: ...
    def keep_cosignature(self, checkpoint: Checkpoint, signature: Signature) -> None: ...
    def keep_timestamp(self, checkpoint: Checkpoint, authority: str, reply: bytes) -> None: ...
    def since_timestamp(self, origin: str, authority: str) -> float | None: ...
    def close(self) -> None: ...


@dataclass
class _Published:
    """A checkpoint, and who has cosigned it so far: only the publisher's thread adds to that."""

    note: str
    size: int
    cosigned: dict[str, str] = field(default_factory=dict)

    def whole(self) -> str:
        return self.note + "".join(self.cosigned.values())


@dataclass
class _Errand:
    """One place that checkpoints are brought to."""

    to: str
    every: float
    bring: Callable[[_Published], float]
    """Returns 0 when it is there, else the seconds to wait before that is right."""
    content: Callable[[_Published], str] = attrgetter("note")
    """What it is that shall be there."""
    due: float = 0.0
    brought: str | None = None
    failures: int = 0

    def wants(self, published: _Published) -> bool:
        return self.brought != self.content(published)


class Publisher:
    """Brings the newest checkpoint to each place when that is due. A context: its thread runs within."""

    def __init__(
        self,
        store: Store,
        *,
        witnesses: Sequence[WitnessClient] = (),
        authority: TimestampAuthority | None = None,
        directory: HeldDirectory | None = None,
        hang_up: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
        safe: Safe | None = None,
    ) -> None:
        self._store, self._authority, self._directory = store, authority, directory
        self._hang_up, self._now = hang_up, now
        self._errands = [
            _Errand(f"witness {client.witness.vkey.name}", WITNESSES_EVERY, self._shown_to(client))
            for client in witnesses
        ]
        if authority is not None:
            self._errands.append(_Errand(f"timestamp authority {authority.url}", AUTHORITY_EVERY, self._stamp))
        if directory is not None:  # last, so that what was cosigned just now goes with it
            self._errands.append(_Errand(f"directory {directory.folder}", DIRECTORY_EVERY, self._put, _Published.whole))
        self._changed = threading.Condition()
        """Guards the two below."""
        self._newest: _Published | None = None
        self._stopping = False
        self._safe = safe
        places = {errand.to for errand in self._errands}
        self._alarms = {to: why for to, why in (safe.contradictions() if safe else {}).items() if to in places}
        self._has_stamped = False
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)

    # for the sealer's thread

    def publish(self, note: str, size: int) -> None:
        """There is a new checkpoint: the signed note, and its size. Returns at once; earlier ones are forgotten."""
        with self._changed:
            if self._newest is None or self._newest.note != note:
                self._newest = _Published(note, size)
                self._changed.notify_all()

    @property
    def alarms(self) -> Mapping[str, str]:
        """What contradicts this log, by the place that holds it; empty as long as all is well."""
        return dict(self._alarms)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop promptly; the directory gets what is newest, due or not."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._hang_up()
        self._thread.join(_GOODBYE)
        for errand in self._errands:
            if errand.bring == self._put and self._newest is not None and errand.wants(self._newest):
                self._run(errand, self._newest)

    # for its own thread

    def attend(self) -> float | None:
        """Do what is due; returns the seconds until more is, None while every place has the newest checkpoint."""
        for errand in self._errands:
            newest = self._newest
            if newest is None or self._stopping:
                return None
            if errand.wants(newest) and errand.due <= self._now():
                self._run(errand, newest)
        newest = self._newest
        waiting = [errand.due for errand in self._errands if newest is not None and errand.wants(newest)]
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
        except Exception as error:  # noqa: BLE001 - this thread ends when it is told to, and not before
            FAULTS.add("publisher", error)
            return _AGAIN[0]

    def _wait(self, seen: _Published | None, seconds: float | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._newest is not seen, seconds)

    def _run(self, errand: _Errand, published: _Published) -> None:
        try:
            wait = errand.bring(published)
        except Exception as error:  # noqa: BLE001 - whatever it was: sealing goes on, and this is tried again
            self._failed(errand, error)
            return
        errand.due, errand.failures = self._now() + (wait or errand.every), 0
        if not wait:
            errand.brought = errand.content(published)
            self._alarm(errand.to, None)

    def _failed(self, errand: _Errand, error: Exception) -> None:
        again = _AGAIN[min(errand.failures, len(_AGAIN) - 1)]
        errand.due, errand.failures = self._now() + again, errand.failures + 1
        if self._stopping:
            return
        if isinstance(error, Contradicted) and not self._has_caught_up(error):
            self._alarm(errand.to, str(error))
            log.error("THIS LOG IS CONTRADICTED from outside", by=errand.to, why=str(error), again_in=again)
        else:
            log.warning("checkpoint not held outside", to=errand.to, error=str(error), again_in=again)

    def _alarm(self, place: str, why: str | None) -> None:
        if why == self._alarms.get(place):
            return
        self._alarms = {**self._alarms, place: why} if why else {to: w for to, w in self._alarms.items() if to != place}
        if self._safe is not None:
            with suppress(OSError):  # the log has it
                self._safe.contradict(self._alarms)

    def _has_caught_up(self, error: Contradicted) -> bool:
        """Whether a witness was ahead only by a checkpoint that we have published since and others showed it."""
        return isinstance(error, Ahead) and self._newest is not None and error.size <= self._newest.size

    # the errands

    def _shown_to(self, client: WitnessClient) -> Callable[[_Published], float]:
        def show(published: _Published) -> float:
            signature = client.cosign(published.note, self._store.proof)
            published.cosigned[signature.name] = signature.line()
            self._store.keep_cosignature(Checkpoint.of_text(published.note), signature)
            return 0

        return show

    def _stamp(self, published: _Published) -> float:
        assert self._authority is not None
        checkpoint = Checkpoint.of_text(published.note)
        if not self._has_stamped:  # who starts often shall not ask often
            since = self._store.since_timestamp(checkpoint.origin, self._authority.url)
            self._has_stamped = True
            if since is not None and since < AUTHORITY_EVERY:
                return AUTHORITY_EVERY - since
        reply = self._authority.stamp(published.note)
        self._store.keep_timestamp(checkpoint, self._authority.url, reply)
        return 0

    def _put(self, published: _Published) -> float:
        assert self._directory is not None
        self._directory.keep(published.whole())
        return 0


def publisher_of(settings: Settings, database: Database, hashes_of: HashesOf) -> Publisher:
    """The publisher of a sealer's process. Raises ValueError or OSError for settings that cannot be used."""
    courier = Courier()
    authority = None
    if settings.tsa_url is not None:
        trusted = () if settings.tsa_ca_file is None else trusted_certificates(settings.tsa_ca_file)
        authority = TimestampAuthority(settings.tsa_url, trusted, courier.post)
    return Publisher(
        OutsideStore(partial(database.connect, "sealer"), hashes_of),
        witnesses=[WitnessClient(witness, courier.post) for witness in parse_witnesses(settings.witnesses)],
        authority=authority,
        directory=None if settings.held_dir is None else HeldDirectory(settings.held_dir),
        hang_up=courier.hang_up,
        safe=Safe(settings.sealer_folder),
    )
