"""Two desks, each a `caseledger serve` of its own, that acknowledge each other: one round, and it is over (RFC 3834)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest

from tests.acceptance.mail.servers import deliver
from tests.acceptance.operating import Served, event_of, folder

__all__ = ["folder"]
MAILBOXES = ("desk@one.example", "desk@two.example")
FIRST = (
    b"From: desk@two.example\r\nTo: desk@one.example\r\nMessage-ID: <1@two.example>\r\nSubject: Printer\r\n\r\n"
    b"Nothing comes out of it.\r\n"
)


@pytest.fixture
def desks(folder: Path) -> Iterator[tuple[tuple[Served, Served], tuple[int, int]]]:
    """Each hands its mail to the other; and the ports where they take it in."""
    ports = _free_port(), _free_port()
    with ExitStack() as ending:
        made = []
        for own, mailbox in enumerate(MAILBOXES):
            running = Served(
                folder / mailbox,
                mail_from=mailbox,
                smtp_listen=f"127.0.0.1:{ports[own]}",
                smtp_host="127.0.0.1",
                smtp_port=str(ports[1 - own]),
            )
            ending.callback(running.end, SIGTERM)
            made.append(running)
        yield (made[0], made[1]), ports


def test_two_desks_that_acknowledge_each_other_stop_after_one_round(
    desks: tuple[tuple[Served, Served], tuple[int, int]],
) -> None:
    """What a desk does about a mail, it does in the transaction that records the mail: nothing can follow that one."""
    (one, two), ports = desks
    assert deliver(ports[0], FIRST, MAILBOXES[1], MAILBOXES[0]).startswith("250 2.0.0 opened ")
    with one.client("auditor") as at_one, two.client("auditor") as at_two:
        kept = event_of(at_two, "intake.recorded")["data"]
        assert kept["cause"] in {"automatic", "ours"}
        event_of(at_one, "message.accepted")
        assert counts(at_one) == {"case.logged": 1, "message.queued": 1, "message.accepted": 1, "intake.received": 1}
        assert counts(at_two) == {"intake.received": 1}


def counts(http: Any) -> dict[str, int]:
    """How many events of each kind there are that could go on."""
    topics = [item["topic"] for item in http.get("/events", params={"limit": 200}).json()["items"]]
    kinds = ("case.logged", "message.queued", "message.accepted", "intake.received")
    return {kind: count for kind in kinds if (count := topics.count(kind))}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
