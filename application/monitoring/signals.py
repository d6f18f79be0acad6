"""Signals: the common form of all monitoring protocols, and their bounds.

Parsing ends soon for any bytes and raises nothing. An unreadable message names its cause.
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
"""Most labels, and most annotations, of one alert."""
LONGEST_TEXT = 4_000
"""Most characters kept of a label's value, an annotation or a summary. The bytes are kept whole."""
_LONGEST_NAME = 200
_HUGE, _HUGER = 10**18, 10**300
"""Python refuses to write a number of very many digits."""
_PLAIN_CODE = re.compile(r"[0-9a-f]{8,64}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST_TIME = 40
_LEAP = re.compile(r"(T\d{2}:\d{2}):60")
_ZERO = ("0000-", "0001-")
"""Years of MySQL's and Go's zero times, which mean no time."""
_MARK = "\N{HORIZONTAL ELLIPSIS}"
"""Mark of a cut text."""
T = TypeVar("T")


class Unreadable(Exception):
    """The message breaks its protocol. Has the cause, and the error in the protocol's terms."""

    def __init__(self, why: str, cause: ReceiptCause = ReceiptCause.UNREADABLE) -> None:
        super().__init__(why)
        self.cause = cause


@dataclass(frozen=True)
class Signal:
    """One report of a message on one alert."""

    identity: str
    """Code that identifies the alert within its source."""
    firing: bool
    summary: str
    key: str | None = None
    """The sender's own name for it."""
    episode: datetime | None = None
    """Start of this episode, if it identifies the episode."""
    started_at: datetime | None = None
    """Start as far as known, for display only."""
    ended_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ByMail:
    """Facts on a message that the mail gateway submits for its source."""

    source: str
    receipt: UUID
    """Digest of Message-ID and body, which identifies a mail."""
    whose: str
    """Pseudonym of the sending address. It owns the words and counts the cases that it opens."""
    arrived_at: datetime | None


@dataclass(frozen=True)
class Odd:
    """An unreadable alert in a message with readable ones."""

    place: int
    """Its position in the message, from 1."""
    raw: bytes
    cause: ReceiptCause
    why: str


@dataclass(frozen=True)
class Delivery:
    """One message of a monitoring system, raw and parsed."""

    raw: bytes
    signals: tuple[Signal, ...] = ()
    odd: tuple[Odd, ...] = ()
    """Unreadable alerts. Each goes into the quarantine on its own."""
    cause: ReceiptCause | None = None
    """Why all of it is unreadable."""
    why: str | None = None
    """The same in the protocol's terms."""
    truncated: int = 0
    """Number of alerts that the sender omitted."""
    about: tuple[str, ...] = ()
    """Alerts that it names without news."""
    identity: str | None = None
    """Identity of the message by the sender's id. Without one, its bytes identify it."""
    mail: ByMail | None = None


def read(raw: bytes, how: Callable[[bytes], Delivery]) -> Delivery:
    """Parse a message. Never raises: an unreadable one has no signals and names its cause."""
    try:
        return how(raw)
    except Unreadable as unreadable:
        return Delivery(raw, cause=unreadable.cause, why=str(unreadable))
    except RecursionError:
        return Delivery(raw, cause=ReceiptCause.TOO_COMPLEX, why="it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - whatever it stumbled over, the bytes are kept and a person looks
        return Delivery(raw, cause=ReceiptCause.UNREADABLE, why=plain(str(error), 200))


def decoded(raw: bytes, kind: type[T]) -> T:
    """Decode the message as JSON of a type. Raises Unreadable."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise Unreadable(plain(str(error), 200)) from None
    except UnicodeDecodeError:
        raise Unreadable("it is no UTF-8") from None


def require_few(things: Iterable[Any], most: int = MOST_ALERTS, what: str = "alerts") -> None:
    """Check a count. Raises Unreadable for more than ``most``."""
    if len(list(things)) > most:
        raise Unreadable(f"it has more than {most} {what}", ReceiptCause.TOO_COMPLEX)


def scalar(value: Any) -> str | None:
    """Return a JSON scalar as its JSON text; empty for null. None for arrays and objects."""
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
    """Return an object's scalars as texts; with ``nested``, other values as JSON. Raises Unreadable."""
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
    """Bound labels or annotations, and remove control characters. Raises Unreadable for too many."""
    require_few(given, MOST_LABELS, "labels of an alert")
    return {_short(name): plain(value) for name, value in given.items()}


def _short(name: str) -> str:
    """Shorten a name, but keep it distinct from others with the same beginning."""
    if len(name) <= _LONGEST_NAME:
        return plain(name)
    return f"{plain(name[: _LONGEST_NAME - 10])}{_MARK}{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def flat(document: Any) -> dict[str, str]:
    """Return the first level of any object as labels, up to the bound."""
    if not isinstance(document, dict):
        return {}
    said = ((str(name), scalar(value)) for name, value in document.items())
    told = [(name, text) for name, text in said if text is not None]
    return {_short(name): plain(text) for name, text in told[:MOST_LABELS]}


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Remove control characters and lone surrogates from a text. Marks a cut."""
    cut = text if len(text) <= longest else text[: longest - 1] + _MARK
    return _CONTROLS.sub(" ", storable(cut))


def code_of(name: str) -> str:
    """Return a name as a code: itself if already a digest, else its digest, since names are untrusted."""
    if _PLAIN_CODE.fullmatch(name):
        return name
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def moment(given: str | None) -> datetime | None:
    """Parse a time (RFC 3339). None for no time or the zero time. Raises Unreadable.

    Without a zone it is UTC. A leap second becomes the next second. Times beyond the calendar become its end.
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
