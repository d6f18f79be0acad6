"""The one form that every monitoring protocol is read into, and the bounds that every one is held to.

Whatever the bytes are, reading them ends soon and raises nothing: what cannot be read says so by its cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from application.views.texts import storable
from domain.fate import ReceiptCause
from domain.monitoring.alert import MOST_ALERTS

MOST_LABELS = 200
"""Labels, and annotations, of one alert."""
LONGEST_TEXT = 4_000
"""Characters kept of a label's value, an annotation, a summary; the bytes are kept whole."""
_LONGEST_NAME = 200
_HUGE, _HUGER = 10**18, 10**300
"""Python refuses to write a number of very many digits."""
_PLAIN_CODE = re.compile(r"[0-9a-f]{8,64}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST_TIME = 40
_LEAP = re.compile(r"(T\d{2}:\d{2}):60")
_ZERO = ("0000-", "0001-")
"""The years of MySQL's and Go's zero times: no time at all."""
_MARK = "\N{HORIZONTAL ELLIPSIS}"
"""What says that a text was cut."""
T = TypeVar("T")


class Unreadable(Exception):
    """It is none of what this protocol says; with the cause, and what is wrong in the protocol's words."""

    def __init__(self, why: str, cause: ReceiptCause = ReceiptCause.UNREADABLE) -> None:
        super().__init__(why)
        self.cause = cause


@dataclass(frozen=True)
class Signal:
    """What one message says of one alert."""

    identity: str
    """The alert among those of its source: a code."""
    firing: bool
    summary: str
    key: str | None = None
    """What the sender calls it."""
    episode: datetime | None = None
    """When this episode began, where that tells one episode from another."""
    started_at: datetime | None = None
    """When it began as far as is known; only shown."""
    ended_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ByMail:
    """What is known of a message that the mail gateway hands in for its source."""

    source: str
    receipt: UUID
    """A mail is known by its id and its body."""
    whose: str
    """Whose words these are: one pseudonym an address, by which the cases that it opens are counted."""
    arrived_at: datetime | None


@dataclass(frozen=True)
class Odd:
    """An alert of a message that cannot be read, beside others that can."""

    place: int
    """Which one it is, from 1."""
    raw: bytes
    cause: ReceiptCause
    why: str


@dataclass(frozen=True)
class Delivery:
    """One message of a monitoring system, as it came and as it was read."""

    raw: bytes
    signals: tuple[Signal, ...] = ()
    odd: tuple[Odd, ...] = ()
    """The alerts that cannot be read; each waits in the quarantine by itself."""
    cause: ReceiptCause | None = None
    """Why nothing of it could be read."""
    why: str | None = None
    """The same in the protocol's words."""
    truncated: int = 0
    """Alerts that the sender left out."""
    about: tuple[str, ...] = ()
    """Alerts that it names, and says nothing new of."""
    identity: str | None = None
    """What makes it this message and no other, where the sender gave it an id; its bytes do otherwise."""
    mail: ByMail | None = None


def read(raw: bytes, how: Callable[[bytes], Delivery]) -> Delivery:
    """Read a message. Never raises: what cannot be read has no signals and says why."""
    try:
        return how(raw)
    except Unreadable as unreadable:
        return Delivery(raw, cause=unreadable.cause, why=str(unreadable))
    except RecursionError:
        return Delivery(raw, cause=ReceiptCause.TOO_COMPLEX, why="it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - whatever it stumbled over, the bytes are kept and a person looks
        return Delivery(raw, cause=ReceiptCause.UNREADABLE, why=plain(str(error), 200))


def decoded(raw: bytes, kind: type[T]) -> T:
    """The message as JSON of a kind. Raises Unreadable."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise Unreadable(plain(str(error), 200)) from None
    except UnicodeDecodeError:
        raise Unreadable("it is no UTF-8") from None


def require_few(things: Iterable[Any], most: int = MOST_ALERTS, what: str = "alerts") -> None:
    """Raises Unreadable for more than are looked at."""
    if len(list(things)) > most:
        raise Unreadable(f"it has more than {most} {what}", ReceiptCause.TOO_COMPLEX)


def scalar(value: Any) -> str | None:
    """A scalar of JSON as text, as JSON writes it; null says nothing. None for what is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < _HUGE else f"{float(value) if abs(value) < _HUGER else 'a number'}"
    if isinstance(value, float):
        return repr(value)
    return "" if value is None else None


def scalars(given: Any, what: str, *, nested: bool = False) -> dict[str, str]:
    """An object whose values are scalars, as texts; with ``nested``, others as JSON. Raises Unreadable."""
    if given is None and nested:
        return {}
    if not isinstance(given, dict):
        raise Unreadable(f"{what} are an object")
    told = {str(name): scalar(value) for name, value in given.items()}
    for name in [name for name, text in told.items() if text is None]:
        if not nested:
            raise Unreadable(f"the value of {plain(name, 60)!r} is neither a text nor a number")
        told[name] = msgspec.json.encode(given[name])[:LONGEST_TEXT].decode(errors="replace")
    return {name: text for name, text in told.items() if text is not None}


def texts(given: Mapping[str, str]) -> dict[str, str]:
    """Labels or annotations, bounded and without what is no text. Raises Unreadable for too many."""
    require_few(given, MOST_LABELS, "labels of an alert")
    return {_short(name): plain(value) for name, value in given.items()}


def _short(name: str) -> str:
    """A name that is cut keeps apart from others that begin alike."""
    if len(name) <= _LONGEST_NAME:
        return plain(name)
    return f"{plain(name[: _LONGEST_NAME - 10])}{_MARK}{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def flat(document: Any) -> dict[str, str]:
    """What an object of any kind says on its first level, as labels; the first of very many."""
    if not isinstance(document, dict):
        return {}
    said = ((str(name), scalar(value)) for name, value in document.items())
    told = [(name, text) for name, text in said if text is not None]
    return {_short(name): plain(text) for name, text in told[:MOST_LABELS]}


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text without what is no text, control characters and halves of characters; what is cut off leaves a mark."""
    cut = text if len(text) <= longest else text[: longest - 1] + _MARK
    return _CONTROLS.sub(" ", storable(cut))


def code_of(name: str) -> str:
    """A name as a code: itself where it is a digest already, its digest else, since it may say anything."""
    if _PLAIN_CODE.fullmatch(name):
        return name
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def moment(given: str | None) -> datetime | None:
    """A time (RFC 3339), None where none is given, or the zero time. Raises Unreadable.

    Without a zone it is UTC. A leap second is the next second. What lies beyond the calendar is its end.
    """
    if given is None or given == "":
        return None
    text, leap = _LEAP.subn(r"\1:59", given[:_LONGEST_TIME].strip().upper())
    if text.startswith(_ZERO):
        return None
    try:
        read_at = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{plain(given, _LONGEST_TIME)!r} is no time (RFC 3339)") from None
    try:
        return (read_at if read_at.tzinfo else read_at.replace(tzinfo=UTC)).astimezone(UTC) + timedelta(seconds=leap)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
