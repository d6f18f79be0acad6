"""The publisher: when each place gets the newest checkpoint, and what happens when one does not take it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signature, open_note
from infrastructure.transparency.publication.checkpoint_folder import HeldDirectory
from infrastructure.transparency.publication.http_client import Answer, NotHeld
from infrastructure.transparency.publication.publisher import Publisher
from infrastructure.transparency.publication.timestamps import TimestampAuthority
from infrastructure.transparency.publication.witnesses import Witness, WitnessClient
from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.transparency.verification.held_checkpoints import read_held
from tests.infrastructure.transparency.formats.test_note import WITNESS, cosignature
from tests.infrastructure.transparency.trees import MemoryLog, a_log

URL = "https://witness.example"
TSA = "https://tsa.example"


class Shelf:
    """Keeps what came back in memory (`publishing.Store`)."""

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


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_first_checkpoint_goes_everywhere_at_once_and_what_came_back_is_kept(world: World) -> None:
    assert world.publisher.attend() is None, "nothing is sealed yet"
    world.seal()
    assert world.after(0) is None, "all of them have it"
    assert (world.witness.shown, world.authority.asked, world.held()) == ([1], [1], [1])
    assert (world.shelf.cosigned, world.shelf.stamped) == ([1], [1])


def test_each_place_gets_the_newest_when_it_is_due_and_nothing_between(world: World) -> None:
    world.seal()
    world.publisher.attend()
    for _ in range(3700):  # a checkpoint a second, for more than an hour
        world.seal()
        world.after(1)
    assert world.witness.shown == list(range(1, 3702, 10)), "every 10 s"
    assert world.held() == list(range(1, 3702, 60)), "every minute"
    assert world.authority.asked == [1, 3601], "every hour"


def test_the_next_wait_is_for_what_is_due_first(world: World) -> None:
    world.seal()
    world.publisher.attend()
    world.seal()
    assert world.after(3) == pytest.approx(7), "the witness"
    assert world.after(7) == pytest.approx(50), "the directory"
    assert world.after(50) == pytest.approx(3540), "the authority"
    assert world.after(3540) is None


def test_what_the_directory_holds_carries_the_cosignature(world: World) -> None:
    world.seal()
    world.publisher.attend()
    ((_, note),) = read_held([world.folder])
    assert open_note(note, [WITNESS]).text == Checkpoint.of_text(note).text()
    assert open_note(note, [world.log.signer.verifier])


def test_a_witness_that_fails_is_asked_again_ever_later_and_holds_nobody_up(world: World) -> None:
    world.witness.says = NotHeld("no route to host")
    world.seal()
    with capture_logs() as said:
        waits = [world.publisher.attend()]
        while len(waits) < 9:
            assert waits[-1] is not None
            waits.append(world.after(waits[-1]))
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]
    assert {(line["event"], line["error"], line["log_level"]) for line in said} == {
        ("checkpoint not held outside", "no route to host", "warning")
    }
    assert (world.authority.asked, world.held()) == ([1], [1])
    world.witness.says = None
    world.after(600)
    assert world.shelf.cosigned == [1]
    world.seal()
    world.after(10)
    assert world.shelf.cosigned == [1, 2], "as often as before"


def test_cosignatures_that_came_late_are_brought_to_the_directory_too(world: World) -> None:
    world.witness.says = NotHeld("later")
    world.seal()
    world.publisher.attend()
    world.witness.says = None
    assert world.after(10) == pytest.approx(50)
    world.after(50)
    ((_, note),) = read_held([world.folder])
    assert open_note(note, [WITNESS])


def test_a_store_that_fails_has_the_witness_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the database went away")

    with monkeypatch.context() as patched:
        patched.setattr(world.shelf, "keep_cosignature", fail)
        world.seal()
        assert world.publisher.attend() == 10
    world.after(10)
    assert (world.witness.shown, world.shelf.cosigned) == ([1, 1], [1])


def test_a_directory_that_is_missing_is_a_warning_until_it_is_there(world: World) -> None:
    world.folder.rmdir()
    world.seal()
    with capture_logs() as said:
        assert world.publisher.attend() == 10
    (line,) = said
    assert (line["log_level"], line["to"]) == ("warning", f"directory {world.folder}")
    assert world.publisher.alarms == {}
    world.folder.mkdir()
    world.after(10)
    assert world.held() == [1]


def test_an_authority_that_fails_is_asked_again_before_the_hour_is_over(world: World) -> None:
    world.authority.fails = True
    world.seal()
    assert world.publisher.attend() == 10
    world.authority.fails = False
    world.after(10)
    assert world.shelf.stamped == [1]


def test_a_sealer_that_was_started_again_waits_for_the_hour_to_be_over(world: World) -> None:
    world.shelf.since = 600.0
    world.seal()
    assert world.publisher.attend() == 3000
    world.seal()
    world.after(2990)
    assert world.authority.asked == []
    world.after(10)
    assert world.authority.asked == [2]


@pytest.mark.parametrize(
    "answer", [Answer(409, "text/x.tlog.size", b"7\n"), Answer(422, "", b"")], ids=["a witness ahead", "a fork"]
)
def test_a_witness_that_contradicts_the_log_is_an_alarm_until_it_no_longer_does(world: World, answer: Answer) -> None:
    world.witness.says = answer
    world.seal()
    with capture_logs() as said:
        world.publisher.attend()
    (line,) = said
    assert (line["log_level"], line["event"]) == ("error", "THIS LOG IS CONTRADICTED from outside")
    assert list(world.publisher.alarms) == [f"witness {WITNESS.name}"]
    assert world.sealer_folder.contradictions() == world.publisher.alarms
    assert World(world.folder).publisher.alarms == world.publisher.alarms, "it stays when the process ends"
    assert world.held() == [1], "the other places get it all the same"
    world.witness.says = None
    world.after(10)
    assert world.publisher.alarms == world.sealer_folder.contradictions() == {}


def test_a_witness_that_saw_what_was_published_meanwhile_is_no_alarm(world: World) -> None:
    """A monitor may show a witness our newest checkpoint before we do."""
    world.seal()

    def answers(url: str, body: bytes, kind: str) -> Answer:
        while world.log.size < 7:
            world.seal()
        return Answer(409, "text/x.tlog.size", b"7\n")

    publisher = Publisher(
        world.shelf, witnesses=[WitnessClient(Witness(WITNESS, URL), answers)], now=lambda: world.time
    )
    world.publisher = publisher
    publisher.publish(world.log.note(), world.log.size)
    with capture_logs() as said:
        publisher.attend()
    assert [line["log_level"] for line in said] == ["warning"]
    assert publisher.alarms == {}


# its thread


def test_the_thread_brings_what_is_published_and_stops_when_the_context_ends(world: World) -> None:
    came = threading.Event()
    keep: Callable[..., None] = world.shelf.keep_cosignature

    def kept(checkpoint: Checkpoint, signature: Signature) -> None:
        keep(checkpoint, signature)
        came.set()

    world.shelf.keep_cosignature = kept  # type: ignore[method-assign]
    with world.publisher:
        world.seal()
        assert came.wait(30)
    assert world.shelf.closed.is_set()
    assert world.hung_up.is_set()
    assert "publisher" not in {thread.name for thread in threading.enumerate()}


def test_at_its_end_the_directory_gets_the_newest_whether_it_is_due_or_not(world: World) -> None:
    world.seal()
    world.publisher.attend()
    world.seal()
    world.publisher.attend()
    assert world.held() == [1]
    with world.publisher:
        pass
    assert world.held() == [1, 2]


def test_publishing_and_stopping_wait_for_no_place_outside(world: World) -> None:
    """The witness answers only when it is hung up on."""
    asked = threading.Event()

    def silent(url: str, body: bytes, kind: str) -> Answer:
        asked.set()
        assert world.hung_up.wait(30)
        raise NotHeld("hung up")

    publisher = Publisher(
        world.shelf, witnesses=[WitnessClient(Witness(WITNESS, URL), silent)], hang_up=world.hung_up.set
    )
    world.publisher = publisher
    with capture_logs() as said, publisher:
        world.seal()
        assert asked.wait(30)
        for _ in range(100):
            world.seal()
    assert said == [], "that it was cut off by our own end is no news"
    assert world.shelf.closed.is_set()
