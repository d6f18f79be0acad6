"""Values that every clause uses: who acts, through which interface, when, and free text that can be erased."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Any, TypeVar

CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 ._:/@+|=#-]{0,127}$")
"""The form of a code in an event: an id, a service, a team. No free text, no control characters."""

T = TypeVar("T")


def whole(value: T) -> T:
    """Return a value with every field present, at any depth.

    A value of a stored event lacks the fields that its release did not know. They take their defaults.
    """
    if isinstance(value, tuple):
        return type(value)(whole(each) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return type(value)(**{field.name: whole(getattr(value, field.name)) for field in fields(value)})


class Role(StrEnum):
    """Actor roles (R-2.1a)."""

    CUSTOMER = "customer"
    TECHNICIAN = "technician"
    TEAM_MEMBER = "team_member"
    DUTY_MANAGER = "duty_manager"
    AUDITOR = "auditor"
    REPORTER = "reporter"
    INTAKE = "intake"
    ADMIN = "admin"
    SYSTEM = "system"
    EXTERNAL = "external"
    """A person known only to the system that a case was imported from. Nobody acts in this role."""


class Channel(StrEnum):
    """How a contact reached the desk (R-5.1a)."""

    PHONE = "phone"
    EMAIL = "email"
    SELF_SERVICE = "self_service"
    MONITORING = "monitoring"
    CHAT = "chat"
    WALK_IN = "walk_in"
    PARTNER_DESK = "partner_desk"
    OTHER = "other"
    """A channel of an imported case without a name here. The event's origin has the source's name."""


class Nature(StrEnum):
    """Whether the interruption has happened or is coming (R-4.2a)."""

    ACTUAL = "actual"
    IMPENDING = "impending"


class Level(IntEnum):
    """An impact or a severity. 1 is the highest (R-5.4a)."""

    HIGH = 1
    MEDIUM = 2
    LOW = 3


@dataclass(frozen=True)
class Candidate:
    """A case that may be a duplicate, and its similarity score from 0 to 1 (R-5.6a)."""

    case: str
    score: float


@dataclass(frozen=True)
class Actor:
    """A person or process in one role, and of one team where that matters."""

    subject: str
    role: Role
    team: str | None = None


@dataclass(frozen=True)
class SourceOutcome:
    """What the source knew in hindsight. Only a case's last row has it."""

    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    resolved_by: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Origin:
    """The row of another system's log that an imported event was read from (`data/README.md`)."""

    system: str
    file: str
    row: int
    key: str
    """Digest of the row's normalised values. It recognises a row that is read twice."""
    changed: dict[str, str] | None = None
    """The columns that this row set or changed, as the source names them. Only the row's first event has it."""
    outcome: SourceOutcome | None = None


@dataclass(frozen=True)
class Via:
    """The interface (`http`, `cli`, `import`), and the customer's channel where they spoke."""

    interface: str
    channel: Channel | None = None


class DisclosureKind(StrEnum):
    """What a disclosure holds."""

    CONTACT = "contact"
    CUSTOMER_WORDS = "customer_words"
    STAFF_WORDS = "staff_words"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


class ErasureScope(StrEnum):
    """Which disclosures about a person an erasure removes (audit.md, Personal data)."""

    CONTACT_AND_WORDS = "contact-and-words"
    """All but the words of staff."""
    EVERYTHING = "everything"

    @property
    def kinds(self) -> frozenset[DisclosureKind]:
        """The kinds of disclosure that it removes."""
        kept = {DisclosureKind.STAFF_WORDS} if self is ErasureScope.CONTACT_AND_WORDS else set()
        return frozenset(DisclosureKind) - kept


_canonical = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Disclosure:
    """Personal data or free text that an event only points to (`audit.md`, Personal data).

    The event keeps ``sha256(salt || value)``, the person it is about, and its kind. Salt and value are in the vault, and
    can be erased without touching the record. ``value`` is the canonical JSON text of a flat object; it is None once erased,
    or where it was not joined. ``content`` is a file that goes into the vault too; the value has its ``size`` and
    ``sha256``. Reading does not join it.
    """

    __slots__ = ("_read", "content", "digest", "kind", "salt", "subject", "value")

    def __init__(
        self,
        digest: str,
        subject: str,
        kind: DisclosureKind,
        value: str | None = None,
        salt: bytes | None = None,
        content: bytes | None = None,
    ) -> None:
        self.digest, self.subject, self.kind = digest, subject, kind
        self.value, self.salt = value, salt
        self.content = content
        self._read: dict[str, Any] | None = None

    @classmethod
    def of(
        cls,
        subject: str,
        kind: DisclosureKind,
        texts: dict[str, Any],
        random: Callable[[int], bytes],
        content: bytes | None = None,
    ) -> Disclosure | None:
        """Make a disclosure of the texts that are not None, under a fresh 128-bit salt; None without any."""
        said = {name: text for name, text in texts.items() if text is not None}
        if not said:
            return None
        value, salt = _canonical(said), random(16)
        sealed = cls(sha256(salt + value.encode()).hexdigest(), subject, kind, value, salt, content)
        if all(type(text) is str for text in said.values()):
            sealed._read = said  # what parsing the value would give
        return sealed

    def about(self, subject: str) -> Disclosure:
        """The same texts as a disclosure about somebody else."""
        return Disclosure(self.digest, subject, self.kind, self.value, self.salt, self.content)

    @property
    def texts(self) -> dict[str, Any] | None:
        """The texts by name; None once erased."""
        return None if self.value is None else dict(self._parsed())

    def text(self, name: str) -> Any:
        """One of the texts; None where it is absent or erased."""
        return None if self.value is None else self._parsed().get(name)

    def _parsed(self) -> dict[str, Any]:
        if self._read is None:  # parsed once: a document asks for each of a dozen texts
            self._read = json.loads(self.value or "{}")
        return self._read

    def __eq__(self, other: object) -> bool:
        # What the event holds decides, not what a read joined to it.
        return isinstance(other, Disclosure) and (self.digest, self.subject, self.kind) == (
            other.digest,
            other.subject,
            other.kind,
        )

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:  # never the words: a repr ends up in logs
        return f"Disclosure({self.kind} of {self.subject}, {self.digest[:12]})"


@dataclass(frozen=True)
class Provenance:
    """Who acts, how, when, and in answer to which request. Time and randomness enter the domain here."""

    by: Actor
    via: Via
    at: datetime
    """The moment of the decision, by the caller's clock."""
    random: Callable[[int], bytes]
    origin: Origin | None = None
    occurred_at: datetime | None = None
    """Set only where it differs from the recording time: by an import or a simulated clock."""
    request_id: str | None = None
    trace_id: str | None = None
    causation: int | None = None
