"""What a mail says (RFC 5322): who wrote it, what about, and whether a person plainly wrote it as something new.

Whatever the bytes are, reading them ends soon and raises nothing: mail comes from everybody. The standard library's
parsers take minutes over a megabyte made for that, so everything they are given is bounded first.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.feedparser import BytesFeedParser
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from typing import Any, cast

from application.views.texts import storable
from domain.intake import Cause

LONGEST_TEXT = 100_000
"""Characters kept of what a mail says; its bytes are kept whole."""
_LONGEST_LINE = 500
_LONGEST_HEADER = 2_000
"""Characters looked at of a header: parsing one takes time by their square."""
_MOST_HEADERS, _MOST_PARTS, _MOST_LINES, _MOST_HOPS = 1_000, 50, 200_000, 50
"""The hops are `intake.md`'s. Every line is compared with the boundary of every part that is open."""

_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+"
_LABEL = r"(?:[A-Za-z0-9_]|[^\x00-\x7f])(?:[A-Za-z0-9_-]|[^\x00-\x7f])*"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_ROBOT = re.compile(
    r"<>|<?\s*(?:mailer-daemon|mail-daemon|postmaster|no[-_.]?reply|do[-_.]?not[-_.]?reply)(?:@.*)?",
    re.IGNORECASE | re.DOTALL,
)
_BY_HAND = re.compile(r"\s*no\s*(?:[;(].*)?", re.IGNORECASE | re.DOTALL)
_BULK = frozenset({"bulk", "list", "junk"})
_LISTED = frozenset({"list-id", "list-post", "list-unsubscribe"})
_ANSWERING = frozenset({"in-reply-to", "references"})
_UNPARSED = frozenset({Cause.TOO_COMPLEX, Cause.UNREADABLE})
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs of Python that no mail is written in; one takes time by the square of the text."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|title)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?:[!?]|/?([A-Za-z][A-Za-z0-9]*+))[^<>]*+>")
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})


@dataclass(frozen=True)
class Mail:
    """A mail as read; `cause` says why no case may be logged from it unseen, None where one may."""

    message_id: str
    sender: str | None
    """An address that can be written to."""
    name: str | None
    subject: str
    text: str
    cause: Cause | None


class _TooComplex(Exception):
    """More parts or lines than are looked at."""


class _Bounded(EmailPolicy):
    """The default policy, for headers as long as people's are, and in UTF-8 where they say nothing else."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        said = value[:_LONGEST_HEADER].encode("ascii", "surrogateescape").decode("utf-8", "replace")
        return super().header_fetch_parse(name, said)


_POLICY = _Bounded()


def read_mail(raw: bytes) -> Mail:
    """Read a mail. Never raises: what cannot be read says so by its cause."""
    try:
        head = cast("EmailMessage", BytesHeaderParser(policy=_POLICY).parsebytes(raw))
        (sender, name), text = _sender(head), ""
        try:
            text = _text_of(raw)
            cause = _cause(head, sender)
        except _TooComplex:
            cause = Cause.TOO_COMPLEX
        except Exception:  # noqa: BLE001 - whatever the parser stumbled over, the bytes are kept and a person looks
            cause = Cause.UNREADABLE
        said = _said(head, "Message-ID"), sender, name, _said(head, "Subject")
        return Mail(*said, text or _undecoded(raw) if cause in _UNPARSED else text, cause)
    except Exception:  # noqa: BLE001 - idem
        return Mail("", None, None, "", _undecoded(raw), Cause.UNREADABLE)


def _cause(head: EmailMessage, sender: str | None) -> Cause | None:
    """Why it is not plainly a person's new message (`intake.md`, E-mail). Raises what the parser raises."""
    names = [name.lower() for name, value in head.raw_items() if str(value).strip()]
    if len(head) > _MOST_HEADERS:
        return Cause.TOO_COMPLEX
    by = (_said(head, "Return-Path") or "-", _said(head, "Sender"), sender or "")
    found = {
        Cause.REPORT: head.get_content_type() == "multipart/report" or "x-failed-recipients" in names,
        Cause.ROBOT: any(_ROBOT.fullmatch(address) for address in by),
        Cause.AUTOMATIC: "auto-submitted" in names and not _BY_HAND.fullmatch(_said(head, "Auto-Submitted")),
        Cause.LOOPING: names.count("received") > _MOST_HOPS,
        Cause.NO_SENDER: sender is None,
        Cause.BULK: _said(head, "Precedence").lower() in _BULK or not _LISTED.isdisjoint(names),
        Cause.REPLY: not _ANSWERING.isdisjoint(names),
    }
    return next((cause for cause, applies in found.items() if applies), None)


def _said(head: EmailMessage, name: str) -> str:
    """A header's words on one line; empty when it is not there, or is none that can be read."""
    try:
        return " ".join(_plain(str(head.get(name, ""))).split())[:_LONGEST_LINE]
    except Exception:  # noqa: BLE001 - the library's parser of headers fails in many ways on what is no header
        return ""


def _sender(head: EmailMessage) -> tuple[str | None, str | None]:
    """The one address in From that can be written to, and the name beside it."""
    try:
        [field] = head.get_all("From", [])
        [mailbox] = field.addresses
        address, name = str(mailbox.addr_spec), str(mailbox.display_name)
    except Exception:  # noqa: BLE001 - none, several, or nothing that can be read
        return None, None
    if not (_ADDRESS.fullmatch(address) and address.isprintable()) or len(address.encode()) > 254:
        return None, None
    return address, " ".join(_plain(name).split())[:_LONGEST_LINE] or None


def _text_of(raw: bytes) -> str:
    """What the mail says: its plain text, else the text of its HTML. Raises _TooComplex, and what the parser raises."""
    if raw.count(b"\n") + raw.count(b"\r") > _MOST_LINES:
        raise _TooComplex
    parts = 0

    def part(policy: EmailPolicy = _POLICY) -> EmailMessage:
        nonlocal parts
        parts += 1
        if parts > _MOST_PARTS:
            raise _TooComplex
        return EmailMessage(policy)

    parser = BytesFeedParser(part, policy=_POLICY)
    parser.feed(raw)
    message = cast("EmailMessage", parser.close())
    for kind, read in (("text/plain", _plain), ("text/html", _without_tags)):
        for each in cast("Iterator[EmailMessage]", message.walk()):
            if each.get_content_type() == kind and not each.is_attachment() and (text := read(_decoded(each))):
                return text
    if not message.is_multipart() and message.get_content_maintype() in ("text", "multipart"):
        return _plain(_decoded(message))  # a multipart without a boundary is what it is
    return ""


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        charset = codecs.lookup(part.get_content_charset() or "utf-8").name
        return content.decode("utf-8" if charset in _NO_CHARSETS else charset, "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _undecoded(raw: bytes) -> str:
    return _plain(raw[: 4 * LONGEST_TEXT].decode("utf-8", "replace"))


def _plain(text: str) -> str:
    """Text without what is no text: control characters, halves of characters."""
    lines = storable(text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", lines).strip()[:LONGEST_TEXT]


def _without_tags(markup: str) -> str:
    """The text of HTML, to be read as text: never to be shown as HTML.

    By patterns that pass over it once: `html.parser` of Python 3.11 takes minutes over 100 kB of `<a <a <a`.
    """

    def broken(tag: re.Match[str]) -> str:
        return "\n" if (tag[1] or "").lower() in _BREAKS else ""

    text = html.unescape(_TAG.sub(broken, _UNSEEN.sub("", markup)))
    lines = (" ".join(line.split()) for line in _plain(text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
