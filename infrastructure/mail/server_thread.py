"""Serves a protocol of asyncio's on a thread of its own.

aiosmtpd's controller takes no port 0, and ends its loop before the connections that are still open.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

_PATIENCE = 30.0
"""Seconds that its start, and its end, may take."""


@contextmanager
def served(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int, *, name: str, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """``protocol`` makes one for each connection, within the loop. Gives the port, a free one for 0. Raises OSError."""
    stop = asyncio.Event()
    started: Future[tuple[asyncio.AbstractEventLoop, int]] = Future()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, host, port, ssl=tls)
        started.set_result((loop, server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()

    def run() -> None:
        try:
            asyncio.run(serve())  # at its end it cancels the conversations, and each closes its connection
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    loop, listening = started.result(_PATIENCE)
    try:
        yield listening
    finally:
        with suppress(RuntimeError):  # its loop has ended already
            loop.call_soon_threadsafe(stop.set)
        thread.join(_PATIENCE)
