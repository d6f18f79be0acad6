"""Documents of incoming messages, for the people who work the quarantine. Parsing runs in a thread."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any

from application.execution.attempt import Words
from application.mail_in.envelope import Envelope
from application.mail_in.parsing import Mail, read_mail
from application.mail_in.parsing.text import undecoded
from application.mail_out.addresses import Addresses
from domain.errors import Erased
from domain.receipt import Receipt
from domain.values import Channel


async def raw_of(receipt: Receipt) -> bytes:
    """Return the bytes of a message as received. Raises Erased."""
    raw = await asyncio.to_thread(_decoded, receipt)
    if raw is None:
        raise Erased("This message is erased.")
    return raw


async def read_again(receipt: Receipt, ours: Addresses) -> Mail | None:
    """Parse a message again from its bytes and its envelope. Returns None once erased.

    A monitoring system's message is no mail and is shown as received.
    """
    return await asyncio.to_thread(lambda: _read(receipt, receipt.raw.texts or {}, ours))


async def receipt_document(receipt: Receipt, ours: Addresses) -> dict[str, Any]:
    """Return a message for the quarantine: its content, and its state."""
    return await asyncio.to_thread(_document, receipt, ours)


def _decoded(receipt: Receipt) -> bytes | None:
    raw = receipt.raw.text("raw")
    return None if raw is None else b64decode(raw)


def _read(receipt: Receipt, kept: Words, ours: Addresses) -> Mail | None:
    """``kept`` is the message's disclosure in the vault: up to megabytes of JSON, parsed once."""
    if "raw" not in kept:
        return None
    raw = b64decode(kept["raw"])
    if receipt.channel is Channel.MONITORING:
        return Mail(text=undecoded(raw))
    recipients = tuple(filter(None, (kept.get("recipients") or "").split(", ")))
    return read_mail(raw, Envelope(kept.get("sender"), recipients), ours)


def _document(receipt: Receipt, ours: Addresses) -> dict[str, Any]:
    kept = receipt.raw.texts or {}
    mail = _read(receipt, kept, ours)
    return {
        "id": receipt.id,
        "version": receipt.version,
        "state": receipt.state,
        "cause": receipt.cause,
        "case": receipt.case,
        "suggestion": receipt.suggestion,
        **{name: kept.get(name) for name in ("why", "alert", "part_of")},
        "channel": receipt.channel,
        "received_at": receipt.received_at,
        "size": receipt.size,
        "sha256": receipt.sha256,
        "sender": mail and mail.sender,
        "subject": mail and mail.subject,
        "text": mail and mail.text,
        "quoted": mail and mail.quoted,
        "to": mail and [person._asdict() for person in mail.to],
        "cc": mail and [person._asdict() for person in mail.cc],
        "raw": f"/quarantine/{receipt.id}/raw",
        "attachments": mail and [{"name": each.name, "size": len(each.content)} for each in mail.files],
        "erased": mail is None,
    }
