"""Whether a PostgreSQL server answers on its socket, as libpq's PQping finds it.

PQping itself holds Python's interpreter for as long as it waits: while a server does not answer, nobody else in this process
would be answered.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from psycopg.pq import Ping

_WAIT = 5.0
"""Seconds that each step of the answer may take."""
_PROTOCOL = 196_608  # 3.0
_WHO = b"user\0postgres\0database\0postgres\0\0"
_CANNOT_CONNECT_NOW = b"C57P03\0"
"""The SQLSTATE of a server that starts, stops or recovers."""


def ping(path: Path, wait: float = _WAIT) -> Ping:
    """Ask a server for a session, and leave when it answers. REJECT: it runs, and takes nobody yet or any more."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(wait)
        try:
            asking.connect(str(path))
            asking.sendall(struct.pack("!II", 8 + len(_WHO), _PROTOCOL) + _WHO)
            answer = asking.recv(4096)
        except OSError:
            return Ping.NO_RESPONSE
    if answer.startswith(b"E"):  # too many sessions are an answer as well
        return Ping.REJECT if _CANNOT_CONNECT_NOW in answer else Ping.OK
    return Ping.OK if answer else Ping.NO_RESPONSE
