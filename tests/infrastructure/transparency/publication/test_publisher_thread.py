"""The publisher's alarms, and its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Signature
from infrastructure.transparency.publication.http_client import Answer, NotHeld
from infrastructure.transparency.publication.publisher import Publisher
from infrastructure.transparency.publication.witnesses import Witness, WitnessClient
from tests.infrastructure.transparency.formats.test_note import WITNESS
from tests.infrastructure.transparency.publication.destinations import URL, World


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
