"""The view of the quarantine: what waits, folded one by one, all at once, or anew."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from application.administration.catalogue import OPERATOR
from application.execution.requests import Request
from application.mail_in.envelope import NO_ENVELOPE
from application.views.questions import Page
from domain.values import Actor, ErasureScope, Role
from infrastructure.views.projector import Projector
from infrastructure.views.rebuild import rebuild_views
from tests import four_eyes
from tests.application.cases import TECHNICIAN
from tests.blocking import BlockingDesk, because, open_desk
from tests.conftest import TestDatabase, differences

GATEWAY = Request(Actor("mail.gateway", Role.INTAKE), "test")


def erase(database: TestDatabase, given: str) -> None:
    with open_desk(database, component="eraser") as eraser:
        four_eyes.erase(eraser, given, ErasureScope.EVERYTHING)


def held(desk: BlockingDesk, number: int) -> UUID:
    """A message that waits."""
    raw = b"Received: a\r\n" * 51 + b"From: jo@x.example\r\nSubject: %d\r\n\r\nx" % number
    return desk.mail.receive(raw, NO_ENVELOPE, GATEWAY).receipt


def recorded(desk: BlockingDesk, number: int) -> UUID:
    """A message of a robot."""
    raw = b"Auto-Submitted: auto-replied\r\nFrom: jo@x.example\r\nSubject: %d\r\n\r\nx" % number
    return desk.mail.receive(raw, NO_ENVELOPE, GATEWAY).receipt


def waiting(views: BlockingDesk) -> list[Any]:
    return [item["id"] for item in views.lists.quarantine(Page()).items]


def test_only_what_waits_is_in_it_however_it_was_folded(
    desk: BlockingDesk, projector: Projector, views: BlockingDesk, database: TestDatabase
) -> None:
    desk.grants.ensure("mail.gateway", Role.INTAKE, None, None, OPERATOR, anew=False)
    desk.mail.receive(b"From: jo@x.example\r\nSubject: Printer\r\n\r\nx", NO_ENVELOPE, GATEWAY)
    first, released, discarded, last = (held(desk, number) for number in range(4))
    robots = [recorded(desk, number) for number in range(2)]
    while projector.fold_batch(1):
        assert len(waiting(views)) <= 4
    assert waiting(views) == [first, released, discarded, last]
    assert [item["id"] for item in views.lists.quarantine(Page(), recorded=True).items] == robots
    desk.quarantine.release(released, TECHNICIAN)
    desk.quarantine.discard(discarded, "an offer", TECHNICIAN)
    desk.quarantine.release(robots[0], because(TECHNICIAN, "a person after all"))
    projector.catch_up()
    assert waiting(views) == [first, last]
    assert differences(database) == {}
    erase(database, "jo@x.example")  # of what waits, and of what was decided long ago
    while projector.fold_batch(1):
        assert waiting(views) == [first, last]
    with database.connect("projector") as connection:
        rebuild_views(connection)
        assert differences(database) == {}
        count = connection.execute("SELECT count(*) FROM views.quarantine").fetchone()
    assert count == (3,)
    assert waiting(views) == [first, last]
