"""How a server is asked whether it answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.pq import Ping

from infrastructure.postgres.embedded.ping import ping

STARTING = b"E\0\0\0\x40SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
FULL = b"E\0\0\0\x40SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0"


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """A server, on a thread of this process, that answers the first who asks."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)

        def serve() -> None:
            conversation, _ = listening.accept()
            with conversation:
                assert conversation.recv(4096)
                conversation.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize(
    ("answer", "found"),
    [(b"R\0\0\0\x08\0\0\0\0", Ping.OK), (STARTING, Ping.REJECT), (FULL, Ping.OK), (b"", Ping.NO_RESPONSE)],
)
def test_other_threads_go_on_while_a_server_is_asked(tmp_path: Path, answer: bytes, found: Ping) -> None:
    """The server answers from this very process, which it could not do were the interpreter held."""
    with answering(tmp_path / "s", answer):
        assert ping(tmp_path / "s") is found


def test_a_socket_that_nobody_serves_does_not_answer(tmp_path: Path) -> None:
    assert ping(tmp_path / "nothing") is Ping.NO_RESPONSE
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen(1)
        assert ping(tmp_path / "s", wait=0.01) is Ping.NO_RESPONSE
