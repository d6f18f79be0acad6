"""Uploads: files are streamed to the disk within limits of size, time and number before they are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO

import structlog
from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.http.entrance.deadline import LONG, BodyComing, allow
from api.http.problems import Problem

_IN_MEMORY = 1_048_576
"""Bytes of a file that stay in memory. A larger file goes to a temporary one without a name."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Upload:
    """A body that was received completely."""

    spool: IO[bytes]
    sha256: str

    def read(self) -> bytes:
        """All of it, in memory."""
        self.spool.seek(0)
        return self.spool.read()


class Uploads:
    """The uploads of one process. It belongs to one event loop."""

    def __init__(self, seconds: float = 120.0, *, at_once: int = 32, in_memory: int = 3) -> None:
        self._seconds, self._free, self._kept_free = seconds, at_once, at_once // 2
        self._whole = asyncio.Semaphore(in_memory)

    @asynccontextmanager
    async def receive(self, request: Request, largest: int, *, by_link: bool = False) -> AsyncIterator[Upload]:
        """Receive the body of a request, at most ``largest`` bytes. Raises Problem 400, 408, 413, 503.

        Anybody can get a link by mail. Uploads by link are taken only while more than half of the places are free.
        """
        if int(request.headers.get("content-length") or 0) > largest:
            raise _too_large(largest)
        if self._free <= (self._kept_free if by_link else 0):
            raise Problem("unavailable", "too many files are being sent at the moment")
        self._free -= 1
        try:
            with SpooledTemporaryFile(_IN_MEMORY) as spool:
                yield await self._spooled(request, spool, largest)
        finally:
            self._free += 1

    async def _spooled(self, request: Request, spool: IO[bytes], largest: int) -> Upload:
        digest, size = sha256(), 0
        try:
            with BodyComing(self._seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > largest:
                        raise _too_large(largest)
                    digest.update(chunk)
                    if size <= _IN_MEMORY:
                        spool.write(chunk)
                    else:
                        await to_thread.run_sync(spool.write, chunk)
        except TimeoutError:
            raise Problem("request-timeout", f"the body did not come within {self._seconds:g} s") from None
        except ClientDisconnect:
            raise Problem("malformed", "the body broke off") from None
        except OSError as error:
            log.error("no room for a file that is being sent", error=str(error))
            raise Problem("unavailable", "there is no room for it at the moment") from error
        return Upload(spool, digest.hexdigest())

    @asynccontextmanager
    async def whole(self, upload: Upload) -> AsyncIterator[bytes]:
        """Hold a whole file in memory. Few files are held at a time; the others wait."""
        allow(LONG)
        async with self._whole:
            yield await to_thread.run_sync(upload.read)


def _too_large(largest: int) -> Problem:
    return Problem("content-too-large", f"what is sent here may have {largest} bytes")
