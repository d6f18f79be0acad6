"""CloudEvents 1.0 over HTTP: structured, batched and binary mode (`intake.md`).

Source and id identify an event; a repetition in any mode is a duplicate. Events with the same subject belong to one
alert. An event without a subject is an alert of its own. Its type, or a `status` in it, marks a recovery.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import msgspec

from application.monitoring.signals import (
    Delivery,
    Signal,
    Unreadable,
    code_of,
    decoded,
    flat,
    moment,
    plain,
    read,
    require_few,
    scalar,
    scalars,
    texts,
)
from domain.fate import ReceiptCause

MOST_EVENTS = 200
"""Most events of a batch."""
_STRUCTURED, _BATCH = "application/cloudevents", "application/cloudevents-batch"
_REQUIRED = ("id", "source", "type", "specversion")
_LONGEST = 1_000
_MOST_ATTRIBUTES = 100
_OVER = frozenset({"resolved", "recovered", "cleared", "closed", "ok"})
_SAYS = ("summary", "title", "message", "description")


class Mode(StrEnum):
    """The content mode of a request."""

    BINARY = "binary"
    STRUCTURED = "structured"
    BATCH = "batch"


def mode_of(content_type: str, headers: Mapping[str, str]) -> Mode | None:
    """Return the mode by content type and `ce-*` headers, or None for an unsupported format."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(_BATCH):
        return Mode.BATCH if kind in (_BATCH, f"{_BATCH}+json") else None
    if kind.startswith(_STRUCTURED):
        return Mode.STRUCTURED if kind in (_STRUCTURED, f"{_STRUCTURED}+json") else None
    if any(name.lower().startswith("ce-") for name in headers):
        return Mode.BINARY
    return Mode.STRUCTURED if kind in ("", "application/json") else None


def split(raw: bytes) -> list[bytes]:
    """Split a batch into its events, bytes unchanged. Raises Unreadable."""
    try:
        events = decoded(raw, list[msgspec.Raw])
    except RecursionError:
        raise Unreadable("it is nested too deeply", ReceiptCause.TOO_COMPLEX) from None
    require_few(events, MOST_EVENTS, "events")
    return [bytes(event) for event in events]


def read_structured(raw: bytes) -> Delivery:
    """Parse an event in structured mode. Never raises."""

    def how(raw: bytes) -> Delivery:
        document = decoded(raw, dict[str, msgspec.Raw])
        if len(document) > _MOST_ATTRIBUTES:
            raise Unreadable("it has more attributes than are looked at", ReceiptCause.TOO_COMPLEX)
        data = document.pop("data", None)
        document.pop("data_base64", None)
        attributes = {name: scalar(decoded(bytes(value), _Any)) for name, value in document.items()}
        if wrong := [name for name, value in attributes.items() if value is None]:
            raise Unreadable(f"the attribute {plain(wrong[0], 60)!r} is neither a text nor a number")
        told = {name: value for name, value in attributes.items() if value}
        return _event(raw, told, None if data is None else decoded(bytes(data), _Any))

    return read(raw, how)


def read_binary(body: bytes, headers: Mapping[str, str]) -> Delivery:
    """Parse an event in binary mode: attributes in percent-encoded headers, data in the body. Never raises.

    The stored bytes begin with its attributes as received.
    """

    def how(raw: bytes) -> Delivery:
        named = {name.lower()[3:]: value for name, value in headers.items() if name.lower().startswith("ce-")}
        if len(named) > _MOST_ATTRIBUTES:
            raise Unreadable("it has more attributes than are looked at", ReceiptCause.TOO_COMPLEX)
        attributes = {name: _unescaped(value) for name, value in named.items()}
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return _event(raw, attributes, _data_of(body, kind))

    return read(_with_headers(body, headers), how)


def _with_headers(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the stored form of an event in binary mode: its attributes, and then its data."""
    kept = sorted((n.lower(), v) for n, v in headers.items() if n.lower().startswith("ce-") or n == "content-type")
    return "".join(f"{name}: {value}\r\n" for name, value in kept).encode("utf-8", "replace") + b"\r\n" + body


_Any: Any = Any


def _data_of(raw: bytes, kind: str) -> Any:
    """Return the body as JSON, or None if it is not readable JSON. Any data are allowed."""
    if kind != "application/json" and not kind.endswith("+json"):
        return None
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _unescaped(value: str) -> str:
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    with suppress(UnicodeError):  # libraries that encode nothing send UTF-8, which HTTP reads as Latin-1
        text = text.encode("latin-1").decode()
    return unquote(text[: 3 * _LONGEST], errors="strict")


def _event(raw: bytes, attributes: Mapping[str, str], data: Any) -> Delivery:
    for name in _REQUIRED:
        if not attributes.get(name):
            raise Unreadable(f"an event has the attribute {name}")
    if attributes["specversion"] != "1.0":
        raise Unreadable("it is of another version than 1.0")
    at = moment(attributes.get("time"))
    source, id_, subject = attributes["source"], attributes["id"], attributes.get("subject")
    document = data if isinstance(data, dict) else {}
    annotations, beside = flat(document), document.get("labels")
    given = texts(scalars(beside, "labels", nested=True)) if isinstance(beside, dict) else {}
    labels = {**annotations, **given, **flat(dict(attributes))}
    firing = not _is_over(attributes["type"], labels)
    said = next((annotations[name] for name in _SAYS if annotations.get(name)), None)
    about = ("subject", source, subject) if subject else ("id", source, id_)
    return Delivery(
        raw,
        (
            Signal(
                identity=code_of("\n".join(about)),
                firing=firing,
                summary=": ".join(filter(None, (plain(subject or attributes["type"], 300), said))),
                key=plain(subject or id_),
                started_at=at if firing else None,
                ended_at=None if firing else at,
                labels=labels,
                annotations=annotations,
            ),
        ),
        identity=sha256(f"{source}\n{id_}".encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _is_over(kind: str, labels: Mapping[str, str]) -> bool:
    return kind.rpartition(".")[2].lower() in _OVER or labels.get("status", "").lower() in _OVER
