"""The publisher: when each place gets the newest checkpoint, and what happens when one does not take it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import open_note
from infrastructure.transparency.publication.http_client import NotHeld
from infrastructure.transparency.verification.held_checkpoints import read_held
from tests.infrastructure.transparency.formats.test_note import WITNESS
from tests.infrastructure.transparency.publication.destinations import World


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
