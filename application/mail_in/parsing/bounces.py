"""Bounces: delivery reports in standard form (RFC 3464), and the many that follow no standard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from application.mail_in.parsing.headers import Head
from application.mail_in.parsing.structure import Part, leaves_of
from domain.fate import ReceiptCause

_FAILURE = re.compile(
    r"undeliver|not (?:be )?deliver|deliver\w* (?:\w+ )?(?:status|fail|error|problem)|fail\w* deliver|failure notice"
    r"|mail (?:system )?(?:error|fail)|return(?:ed|ing) (?:mail|message|to sender)|returned to sender|bounce"
    r"|user unknown|no such user|invalid user|mailbox (?:is )?full|could not be (?:sent|delivered)|error sending your mail"
    r"|delay(?:ed)? (?:mail|delivery|\d)|could not send|rejected|unzustellbar",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\bdelay|warning|still being retried|not yet been delivered|will (?:be retried|keep trying|continue)|deferred",
    re.IGNORECASE,
)
_OVER = re.compile(r"return|fail|undeliver", re.IGNORECASE)
_DONE = frozenset({"delivered", "relayed", "expanded"})
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -]\D|[ -][45]\.\d)")
_MESSAGE_ID = re.compile(rb"<[^<>\s]{1,250}>")
_FIELD = re.compile(rb"^(action|status):[ \t]*([^\r\n;(]{1,40})", re.IGNORECASE | re.MULTILINE)
_OTHER = frozenset({"message/disposition-notification", "message/feedback-report"})
"""Reports about something other than delivery: read receipts (RFC 8098), complaints (RFC 5965)."""
_LOOKED_AT = 200_000


class Fate(StrEnum):
    """The fate of a mail, as reported."""

    FAILED = "failed"
    """It will not arrive. That is final, whatever its status code (RFC 3464, 2.3.3)."""
    DELAYED = "delayed"
    ARRIVED = "arrived"


@dataclass(frozen=True)
class Returned:
    """A delivery report: the fate of a mail, the cause as a code, and the Message-IDs in the report."""

    fate: Fate
    code: str | None
    message_ids: tuple[str, ...]


def returned_of(head: Head, message: Part, text: str, raw: bytes, ours: str) -> Returned | None:
    """Parse a delivery report on a mail of our domain, ``ours``. Returns None for any other mail."""
    kinds = {part.kind for part in leaves_of(message)}
    statuses = [part for part in leaves_of(message) if part.kind == "message/delivery-status"]
    by_book = bool(statuses) and head.content_type == "multipart/report"
    if by_book or (statuses and head.machine() is not None):
        fate, code = _by_fields(b"\n".join(part.content[:_LOOKED_AT] for part in statuses[:20]))
    elif _OTHER.isdisjoint(kinds) and _tells_of_failure(head, text):
        fate, code = _by_words(head.subject, text)
    else:
        return None
    return Returned(fate, code, _ids_of(raw, ours))


def is_report(head: Head) -> bool:
    """Whether it is a report on a mail: delivery, read receipt or abuse (RFC 6522)."""
    return head.content_type == "multipart/report" or head.has("x-failed-recipients")


def _tells_of_failure(head: Head, text: str) -> bool:
    if head.has("x-failed-recipients") or head.only_reports:
        return True
    machine, system = head.machine(), head.by_daemon or head.from_nobody
    if (
        machine is ReceiptCause.AUTOMATIC and not system
    ):  # an absence note may contain any of our words, and a room number
        return False
    nobodys = machine is not None or system or head.content_type == "multipart/report"
    return nobodys and bool(_FAILURE.search(head.subject) or _FAILURE.search(text[:8_000]))


def _by_fields(fields: bytes) -> tuple[Fate, str | None]:
    found = [(name.lower(), value.strip().lower().decode("ascii", "replace")) for name, value in _FIELD.findall(fields)]
    actions = [value for name, value in found if name == b"action"]
    codes = [code[0] for name, value in found if name == b"status" and (code := _STATUS.match(value))]
    worst = max(codes, default=None)
    if "failed" in actions:
        return Fate.FAILED, worst
    if "delayed" in actions:
        return Fate.DELAYED, worst
    if not _DONE.isdisjoint(actions):
        return Fate.ARRIVED, worst
    return _fate_of(worst), worst


def _fate_of(code: str | None) -> Fate:
    """Return the fate by the class of a status or reply code (RFC 3463, 3.1). Without a code it is a failure."""
    return {"2": Fate.ARRIVED, "4": Fate.DELAYED}.get((code or "5")[0], Fate.FAILED)


def _by_words(subject: str, text: str) -> tuple[Fate, str | None]:
    said = f"{subject}\n{text[:8_000]}"
    codes: list[str] = _STATUS.findall(said)
    wrong = [code for code in codes if not code.startswith("2")]
    worst: str | None = max(wrong or _REPLY.findall(said) or codes, default=None)
    if _OVER.search(subject):
        return Fate.FAILED, worst
    late = _LATE.search(subject) or (_LATE.search(text[:2_000]) and not (worst or "").startswith("5"))
    return Fate.DELAYED if late else _fate_of(worst), worst


def _ids_of(raw: bytes, domain: str) -> tuple[str, ...]:
    """Return the Message-IDs of our domain anywhere in the mail: most bounces follow no format."""
    ours = domain.lower().encode()
    found = (
        each.decode("utf-8", "replace")
        for each in _MESSAGE_ID.findall(raw[:_LOOKED_AT])
        if each[:-1].lower().endswith(b"@" + ours)
    )
    return tuple(dict.fromkeys(found))[:20]
