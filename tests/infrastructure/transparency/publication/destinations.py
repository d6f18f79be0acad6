"""Destinations that answer as a test says, and a publisher that brings checkpoints to them."""

from __future__ import annotations

import threading
from pathlib import Path

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signature
from infrastructure.transparency.publication.checkpoint_folder import HeldDirectory
from infrastructure.transparency.publication.http_client import Answer, NotHeld
from infrastructure.transparency.publication.publisher import Publisher
from infrastructure.transparency.publication.timestamps import TimestampAuthority
from infrastructure.transparency.publication.witnesses import Witness, WitnessClient
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.infrastructure.transparency.formats.test_note import WITNESS, cosignature
from tests.infrastructure.transparency.trees import MemoryLog, a_log

URL = "https://witness.example"

TSA = "https://tsa.example"


class Shelf:
    """Keeps what came back in memory (`publisher.Store`)."""

    def __init__(self, log: MemoryLog) -> None:
        self.proof = log.proof
        self.cosigned: list[int] = []
        self.stamped: list[int] = []
        self.since: float | None = None
        self.closed = threading.Event()

    def keep_cosignature(self, checkpoint: Checkpoint, signature: Signature) -> None:
        self.cosigned.append(checkpoint.size)

    def keep_timestamp(self, checkpoint: Checkpoint, authority: str, reply: bytes) -> None:
        assert (authority, reply) == (TSA, b"stamped")
        self.stamped.append(checkpoint.size)

    def since_timestamp(self, origin: str, authority: str) -> float | None:
        return self.since

    def close(self) -> None:
        self.closed.set()


class Honest:
    """A witness that signs all it is shown, or answers what the test says."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.says: Answer | Exception | None = None

    def __call__(self, url: str, body: bytes, kind: str) -> Answer:
        checkpoint = Checkpoint.of_text(body.decode().partition("\n\n")[2])
        self.shown.append(checkpoint.size)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says or Answer(200, "text/plain", cosignature(checkpoint.text(), 1_800_000_000).line().encode())


class Stamping(TimestampAuthority):
    """An authority that stamps all it is sent, or fails as the test says."""

    def __init__(self) -> None:
        super().__init__(TSA, (), lambda *_: Answer(500, "", b""))
        self.asked: list[int] = []
        self.fails = False

    def stamp(self, note: str) -> bytes:
        self.asked.append(Checkpoint.of_text(note).size)
        if self.fails:
            raise NotHeld("closed for lunch")
        return b"stamped"


class World:
    """A log, the places outside, a clock that the test moves, and the publisher between them."""

    def __init__(self, folder: Path) -> None:
        self.log, self.folder, self.sealer_folder = a_log(0), folder, SealerFolder(folder)
        self.shelf, self.witness, self.authority = Shelf(self.log), Honest(), Stamping()
        self.time = 1000.0
        self.hung_up = threading.Event()
        self.publisher = Publisher(
            self.shelf,
            witnesses=[WitnessClient(Witness(WITNESS, URL), self.witness)],
            authority=self.authority,
            directory=HeldDirectory(folder),
            hang_up=self.hung_up.set,
            now=lambda: self.time,
            sealer_folder=self.sealer_folder,
        )

    def seal(self) -> int:
        """One more leaf, and its checkpoint published."""
        self.log.extend([b"%d" % self.log.size])
        self.publisher.publish(self.log.note(), self.log.size)
        return self.log.size

    def held(self) -> list[int]:
        return sorted(Checkpoint.of_text(path.read_text(encoding="utf-8")).size for path in self.folder.glob("*.note"))

    def after(self, seconds: float) -> float | None:
        self.time += seconds
        return self.publisher.attend()
