"""Answers to whoever has a link are kept by nobody else: no cache, no index, no referrer, no frame."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


def keep_confidential(start: Message) -> None:
    """Add these headers to the start of an answer, refusals too. An answer may set its own instead."""
    headers = MutableHeaders(scope=start)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
