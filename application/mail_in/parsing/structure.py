"""Structure of a mail within bounds (RFC 5322, RFC 2045): its headers and its parts.

Parsing must end soon for any bytes. The standard library's parsers take minutes for a hostile megabyte, so all their
input is bounded first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.feedparser import BytesFeedParser
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from typing import Any, cast

from application.mail_in.parsing.header_fields import kind_of, label_of, parameters, spoken, unfolded
from application.views.texts import storable

LONGEST_LINE = 500
_LONGEST_ID = 250
_LONGEST_HEADER = 2_000
"""Most characters parsed of a header: parsing takes quadratic time."""
_LARGEST_HEAD, _GLANCE = 262_144, 65_536
"""Most bytes parsed of all headers together. A thousand recipients need 30,000."""
_MOST_HEADERS, _MOST_PARTS, _MOST_LINES, _MOST_COMPARISONS = 1_000, 50, 600_000, 2_000_000
"""The parser compares every line with the boundary of every open part. 28 MiB of base64 are 380,000 lines."""

_BLANK = re.compile(rb"\r?\n\r?\n|\r\r")
_SPACED = re.compile(rb"([!-9;-~]+)[ \t]+:")
_HEADER = re.compile(rb"[!-9;-~]+:")
_TYPE = re.compile(rb"^content-type:", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb"boundary", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TooComplex(Exception):
    """The mail has too many headers, parts or lines."""


class _Bounded(EmailPolicy):
    """The default policy with bounded headers, for finding where parts begin and end."""

    label: str | None = None
    """The charset of bare 8-bit header fields, if the mail names one."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        said = value[:_LONGEST_HEADER].encode("ascii", "surrogateescape").decode("utf-8", "replace")
        try:
            return super().header_fetch_parse(name, said)
        except Exception:  # noqa: BLE001 - the library's parser of parameters fails in many ways on what is none
            return super().header_fetch_parse(name, said.partition(";")[0])


class Part(EmailMessage):
    """A part of a mail. An enclosed mail stays unparsed: the parser would lose its original bytes."""

    def get_content_type(self) -> str:
        """Return the content type that the parser acts on."""
        return "application/octet-stream" if self.kind.startswith("message/") else self.kind

    @property
    def kind(self) -> str:
        """Its media type in lower case. Raises what the library's parser raises."""
        return super().get_content_type()

    @property
    def label(self) -> str | None:
        """The label of its charset, without a trailing comment (RFC 2045, 5.1)."""
        label = parameters(self._field("Content-Type")).get("charset")
        return label and label.partition("(")[0]

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, or empty."""
        return kind_of(self._field("Content-Disposition"))

    @property
    def name(self) -> str:
        """Its file name, or empty."""
        named = parameters(self._field("Content-Disposition")).get("filename")
        return plain(named or parameters(self._field("Content-Type")).get("name") or "")

    @property
    def content_id(self) -> str:
        """Its Content-ID, to which HTML refers (RFC 2392), or empty."""
        return plain(self._field("Content-ID")).strip("<> ")[:_LONGEST_ID]

    @property
    def is_file(self) -> bool:
        """Whether its disposition and name make it a file, not text to read."""
        return self.disposition == "attachment" or bool(self.name)

    @property
    def children(self) -> list[Part]:
        """The parts of a multipart, else none."""
        payload = self.get_payload()
        return cast("list[Part]", payload) if isinstance(payload, list) else []

    @property
    def content(self) -> bytes:
        """Its content, decoded as far as possible."""
        payload = self.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    def _field(self, name: str) -> str:
        value = next(iter(unparsed(self, name)), "")
        return unfolded(value, cast("_Bounded", self.policy).label)


_POLICY = _Bounded()


def _bounded(label: str | None) -> _Bounded:
    return _POLICY.clone(label=label)  # type: ignore[call-arg]


def head_of(raw: bytes) -> EmailMessage:
    """Return the headers of a mail, up to the bound. Raises what the parser raises."""
    head = divided(raw)[0][:_GLANCE]
    try:
        return _headers(head)
    except Exception:  # noqa: BLE001 - the parser looks into one header itself: the others can be read without it
        return _headers(_TYPE.sub(b"X-Unreadable:", head))


def _headers(head: bytes) -> EmailMessage:
    return cast("EmailMessage", BytesHeaderParser(policy=_POLICY).parsebytes(head))


def whole(raw: bytes) -> Part:
    """Parse a mail with all its parts. Raises TooComplex, and what the parser raises."""
    head, body = divided(raw)
    if len(head) > _LARGEST_HEAD or head.count(b"\n") > 2 * _MOST_HEADERS:
        raise TooComplex
    lines = max(body.count(b"\n"), body.count(b"\r"))
    if lines > _MOST_LINES or lines * min(len(_BOUNDARY.findall(raw)), _MOST_PARTS) > _MOST_COMPARISONS:
        raise TooComplex
    parts, bounded = 0, _bounded(label_of(raw[:_GLANCE]))

    def part(policy: EmailPolicy = bounded) -> Part:
        nonlocal parts
        parts += 1
        if parts > _MOST_PARTS:
            raise TooComplex
        return Part(policy)

    parser = BytesFeedParser(part, policy=bounded)
    parser.feed(head)
    parser.feed(b"\r\n\r\n")
    parser.feed(body)
    message = cast("Part", parser.close())
    if len(message) > _MOST_HEADERS:
        raise TooComplex
    return message


def divided(raw: bytes) -> tuple[bytes, bytes]:
    """Split headers and body. An invalid line among the headers continues the header before it."""
    raw = raw.lstrip(b"\r\n") if raw[:1] in (b"\r", b"\n") else raw
    found = _BLANK.search(raw, 0, _LARGEST_HEAD + 4)
    if found is None and len(raw) > _LARGEST_HEAD:
        return raw[: _LARGEST_HEAD + 1], b""
    head, body = (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])
    if b"\n" not in head and b"\r" in head:
        head = head.replace(b"\r", b"\n")
    return b"\r\n".join(_tidied(head.split(b"\n"))), body


def _tidied(lines: list[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        said = line.rstrip(b"\r")
        if (spaced := _SPACED.match(said)) is not None:  # obsolete syntax, and never the From line of a mailbox file
            yield spaced[1] + said[spaced.end() - 1 :]
        elif number == 0 and said.startswith(b"From "):
            continue
        else:
            yield said if number == 0 or _HEADER.match(said) or said[:1] in (b" ", b"\t") else b" " + said


def names_of(head: EmailMessage) -> list[str]:
    """Return the lower-case names of the headers that have a value."""
    return [name.lower() for name, value in head.raw_items() if str(value).strip()]


def said(head: EmailMessage, name: str, longest: int = LONGEST_LINE) -> str:
    """Return a header's value on one line; empty if it is missing or malformed."""
    try:
        return " ".join(plain(str(head.get(name, ""))).split())[:longest]
    except Exception:  # noqa: BLE001 - the library's parser of headers fails in many ways on what is no header
        return ""


def unparsed(head: EmailMessage, name: str, longest: int = _LONGEST_HEADER) -> list[str]:
    """Return the raw headers of a name, each cut to the bound."""
    return [str(value)[:longest] for found, value in head.raw_items() if found.lower() == name.lower()]


def leaves_of(message: Part) -> Iterator[Part]:
    """Yield the leaf parts of a mail in order. An enclosed mail is one leaf."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.children:
            waiting += reversed(part.children)
        else:
            yield part


def subject_of(head: EmailMessage, label: str | None) -> str:
    """Return a mail's subject on one line. Decodes bare 8-bit text by ``label``."""
    value = next(iter(unparsed(head, "Subject")), "")
    return " ".join(plain(spoken(unfolded(value, label))).split())[:LONGEST_LINE]


def plain(text: str, longest: int | None = None) -> str:
    """Remove control characters and lone surrogates from a text."""
    lines = storable(text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", lines).strip()[:longest]
