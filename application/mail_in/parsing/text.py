"""The text of a mail: from its parts, with HTML turned into text that is safe to show."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

import nh3

from application.mail_in.parsing.charsets import decoded
from application.mail_in.parsing.structure import Part, plain

LONGEST_TEXT = 100_000
"""Most characters kept of a mail's text. Its bytes are kept whole."""
_CUT = "\n\n[What follows stands in the message as it came.]"
_LONGEST_MARKUP, _MOST_TAGS = 500_000, 20_000
_LARGEST_PART = 4 * _LONGEST_MARKUP
"""Most bytes of a part read as text."""
_PLACE = "[image: "

_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^<>]*+>|<(/?)([A-Za-z][^\s/<>]*+)[^<>]*+>|<", re.DOTALL)
_BLOCKS = frozenset(
    {"br", "p", "div", "tr", "li", "table", "blockquote", "hr", *(f"h{level}" for level in range(1, 7))}
)
_UNSEEN = frozenset({"script", "style", "title"})
_TOKEN = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")
_SOURCE = re.compile(r"""\bsrc\s*=\s*(?:"([^"]{0,2000})|'([^']{0,2000})|([^\s"'>]{1,2000}))""", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"""\balt\s*=\s*(?:"([^"]{0,500})|'([^']{0,500})|([^\s"'>]{1,500}))""", re.IGNORECASE)
_META = re.compile(rb"""<meta\b[^>]{0,200}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_FILES = frozenset({"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/rtf"})
"""Text types for programs, not for people."""
Names = Mapping[str, str]
"""The name of each attachment by its Content-ID."""


class _Said(NamedTuple):
    """The text of one part, and whether it was plain text."""

    text: str
    plain: bool


def text_of(message: Part, names: Names) -> str:
    """Return the mail's text from all parts in order, or empty. Raises what the parser raises."""
    pieces: list[_Said] = []
    for piece in _walk(message, names):
        if pieces and piece.plain is not pieces[-1].plain and _same(piece, pieces[-1]):
            continue  # the same text twice, from a program that does not use alternatives
        pieces.append(piece)
    said = "\n\n".join(piece.text for piece in pieces)
    if not said and not message.children and message.kind.startswith(("text/", "multipart/")):
        said = _read(message, names).text  # a multipart without a boundary is read as one text
    return said if len(said) <= LONGEST_TEXT else said[: LONGEST_TEXT - len(_CUT)] + _CUT


def is_text(part: Part) -> bool:
    """Whether a part is text of the mail, not a file."""
    return part.kind.startswith("text/") and part.kind not in _FILES and not part.is_file


def _walk(part: Part, names: Names) -> Iterator[_Said]:
    """Yield the texts of a part in order, one of each set of alternatives (RFC 2046, 5.1)."""
    if part.kind == "multipart/alternative" and part.children:
        yield from _chosen([list(_walk(child, names)) for child in part.children])
    elif part.children:
        for child in part.children:
            yield from _walk(child, names)
    elif is_text(part) and (said := _read(part, names)).text:
        yield said


def _chosen(alternatives: list[list[_Said]]) -> list[_Said]:
    """Choose the plain alternative, or HTML if it has images that the plain one does not mention."""
    readable = [each for each in alternatives if each]
    written = [each for each in readable if all(said.plain for said in each)]
    richest = max(readable, key=_places, default=[])
    if not written or _places(richest) > max(map(_places, written)):
        return richest if _places(richest) else (readable or [[]])[-1]
    return written[0]


def _places(alternative: list[_Said]) -> int:
    return sum(said.text.count(_PLACE) for said in alternative)


def _same(one: _Said, other: _Said) -> bool:
    return one.text.split() == other.text.split()


def _read(part: Part, names: Names) -> _Said:
    content, label = part.content[:_LARGEST_PART], part.label
    if part.kind != "text/html":
        return _Said(plain(decoded(content, label)), plain=True)
    if label is None and (found := _META.search(content[:2_048])):
        label = found[1].decode("ascii", "ignore")
    return _Said(text_of_html(decoded(content, label), names), plain=False)


def undecoded(raw: bytes) -> str:
    """Return the bytes of an unreadable mail as text."""
    return plain(decoded(raw[: 4 * LONGEST_TEXT], None), LONGEST_TEXT)


def text_of_html(markup: str, names: Names) -> str:
    """Turn HTML into text. Quotes get `>` as in plain mail, and images a placeholder.

    `nh3` parses as browsers do, so text that a browser would hide does not appear. Its memory grows with the square of
    the nesting depth, so it gets a bounded number of block elements, without attributes.
    """
    tags = 0

    def reduced(found: re.Match[str]) -> str:
        nonlocal tags
        if found[0] == "<":
            return "&lt;"
        name = (found[2] or "").lower()
        if name == "img":
            return html.escape(_place_of(found[0], names), quote=False)
        if name not in _BLOCKS | _UNSEEN:
            return ""
        tags += 1
        return f"<{found[1]}{name}>" if tags <= _MOST_TAGS else ""

    bare = _TAG.sub(reduced, markup[:_LONGEST_MARKUP])
    shown = nh3.clean(bare, tags=set(_BLOCKS), attributes={}, clean_content_tags=set(_UNSEEN))
    lines, depth, last = [""], 0, 0
    for token in _TOKEN.finditer(shown):
        _write(shown[last : token.start()], lines, depth)
        last = token.end()
        if token[2] == "blockquote":
            depth = max(0, depth - 1) if token[1] else min(depth + 1, 5)
        lines.append("")
    _write(shown[last:], lines, depth)
    text = plain("\n".join(" ".join(line.split()) for line in lines))
    return re.sub(r"\n{3,}", "\n\n", text)


def _place_of(tag: str, names: Names) -> str:
    """Return an image's placeholder: its file name, else its alternative text. Remote images are never fetched."""
    source, beside = (
        next(filter(None, found.groups()), "") if (found := pattern.search(tag)) else ""
        for pattern in (_SOURCE, _ALTERNATIVE)
    )
    name = " ".join(plain(html.unescape(beside)).split())
    source = html.unescape(source).strip()
    if source[:4].lower() == "cid:":
        id_ = unquote(source[4:]).strip()
        name = names.get(id_) or name or id_
    elif source[:5].lower() == "data:":
        name = name or "unnamed"
    return f" {_PLACE}{name}] " if name else ""


def _write(text: str, lines: list[str], depth: int) -> None:
    said = html.unescape(text).replace("\n", " ")
    if said.strip() and not lines[-1].strip() and depth:
        lines[-1] = "> " * depth
    lines[-1] += said
