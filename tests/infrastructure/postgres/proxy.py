"""A TCP proxy before the database that can go silent: it accepts and acknowledges, and passes nothing on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_PIECE = 65_536


class Proxy:
    """Passes on between its own port and the server's socket, while it talks."""

    def __init__(self, conninfo: str) -> None:
        told = conninfo_to_dict(conninfo)
        self._server = str(Path(str(told["host"])) / f".s.PGSQL.{told.get('port', 5432)}")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._talking, self._ended = threading.Event(), False
        self._talking.set()
        self._open = list[socket.socket]()
        host, port = self._listening.getsockname()
        self.conninfo = make_conninfo(conninfo, host=host, port=port, sslmode="disable", gssencmode="disable")
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """From now on nothing passes, and nothing is closed."""
        self._talking.clear()

    def talk(self) -> None:
        """Pass on again, also what was held back."""
        self._talking.set()

    def cut(self) -> None:
        """Close every connection that is open, as a server does that ends."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._ended = True
        self._talking.set()
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                self._open += [client, server]
                threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        self._talking.wait()
        if self._ended:
            return
        with suppress(OSError):
            server.connect(self._server)
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server)
            back.join()
        for each in (client, server):
            self._open.remove(each)
            each.close()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                self._talking.wait()
                target.sendall(piece)
        with suppress(OSError):
            self._talking.wait()
            target.shutdown(socket.SHUT_WR)


@contextmanager
def proxied(conninfo: str) -> Iterator[Proxy]:
    """A proxy before a server, for as long as it is wanted."""
    proxy = Proxy(conninfo)
    try:
        yield proxy
    finally:
        proxy.close()
