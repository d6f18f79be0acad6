"""People in an address list (RFC 5322, 3.4), members of groups included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from application.mail_in.parsing.header_fields import ENCODED_WORD, spoken
from application.mail_in.parsing.structure import plain

_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+"
_LABEL = r"(?:[A-Za-z0-9_]|[^\x00-\x7f])(?:[A-Za-z0-9_-]|[^\x00-\x7f])*"
ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ANGLE = re.compile(r"<([^<>]*)>?")
_PLAIN = re.compile(r"[^\"=(<,;:]+")
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_AROUND = re.compile(r"\s*([.@])\s*")
"""Blanks within an address: obsolete, but accepted (RFC 5322, 4.4)."""
_LONGEST_NAME = 200


class Person(NamedTuple):
    """One sender or recipient of a mail."""

    name: str | None
    address: str


def people_of(text: str) -> Iterator[Person]:
    """Yield the people in an unfolded address list. Skips entries without an address. `writable` checks an address."""
    entry, place = _Entry(), 0
    quotable = commentable = True  # if one is not closed, no later one is either
    while place < len(text):
        sign, end = text[place], place + 1
        quoted = _QUOTED.match(text, place) if sign == '"' and quotable else None
        if sign == "(" and commentable:
            end = _end_of_comment(text, place)
            commentable = text[end - 1 : end] == ")"
            entry.comment = entry.comment or text[place + 1 : end - 1]
        elif sign == "<":
            angle = _ANGLE.match(text, place)
            assert angle is not None
            yield from entry.person(angle[1])
            entry, end = _Entry(), angle.end()
        elif sign in ",;:":
            if sign != ":":  # the words before a colon name a group
                yield from entry.person()
            entry = _Entry()
        else:
            quotable = quotable and (sign != '"' or quoted is not None)
            end = entry.read(text, place, quoted)
        place = end
    yield from entry.person()


class _Entry:
    """One entry of the list during parsing."""

    def __init__(self) -> None:
        self.phrase: list[str] = []
        self.comment = ""

    def read(self, text: str, place: int, quoted: re.Match[str] | None) -> int:
        """Read words, an encoded word or a quoted string. Returns the end position."""
        found = quoted or ENCODED_WORD.match(text, place) or _PLAIN.match(text, place)
        if found is None:
            self.phrase.append(text[place] if text[place] != '"' else "")
            return place + 1
        self.phrase.append(found[0] if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1]))
        return found.end()

    def person(self, angle: str | None = None) -> Iterator[Person]:
        """Yield the person of this entry, if any, by the address in angle brackets or the bare one."""
        phrase = "".join(self.phrase).strip()
        address = phrase if angle is None else _COMMENT.sub("", angle).rpartition(":")[2]
        said = self.comment if angle is None else phrase
        if "@" in address:
            name = " ".join(plain(spoken(said)).split())[:_LONGEST_NAME].strip("'\" ")
            yield Person(name or None, _AROUND.sub(r"\1", address).strip())


def _end_of_comment(text: str, place: int) -> int:
    """Return the end of a comment, nested ones included; of an unclosed one, the position after its bracket."""
    depth, end = 0, place
    while end < len(text):
        sign = text[end]
        depth += (sign == "(") - (sign == ")")
        end += 2 if sign == "\\" else 1
        if not depth:
            return end
    return place + 1


def writable(address: str) -> bool:
    """Whether an address is valid on an envelope."""
    return bool(ADDRESS.fullmatch(address)) and address.isprintable() and len(address.encode()) <= 254
