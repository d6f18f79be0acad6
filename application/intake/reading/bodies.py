"""What a mail says as text: its plain part, else its HTML as text that is safe to show anywhere."""

from __future__ import annotations

import codecs
import html
import re
from email.message import EmailMessage

import nh3

from application.intake.reading.anatomy import content_of, own_parts, plain

LONGEST_TEXT = 100_000
"""Characters kept of what a mail says; its bytes are kept whole."""
_CUT = "\n\n[What follows stands in the message as it came.]"
_LONGEST_MARKUP, _MOST_TAGS = 500_000, 20_000
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs of Python that no mail is written in; one takes time by the square of the text."""

_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^<>]*+>|<(/?)([A-Za-z][^\s/<>]*+)[^<>]*+>|<", re.DOTALL)
_BLOCKS = frozenset(
    {"br", "p", "div", "tr", "li", "table", "blockquote", "hr", *(f"h{level}" for level in range(1, 7))}
)
_UNSEEN = frozenset({"script", "style", "title"})
_TOKEN = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")


def text_of(message: EmailMessage) -> str:
    """The mail's own words; empty when it has none. Raises what the parser raises."""
    bodies = [part for part in own_parts(message) if part.get_content_maintype() == "text" and not _is_file(part)]
    spoken = [plain(decoded(part)) for part in bodies if part.get_content_type() != "text/html"]
    said = "\n\n".join(text for text in spoken if text)
    if not said:
        said = next((text for part in bodies if (text := text_of_html(decoded(part)))), "")
    if not said and not message.is_multipart() and message.get_content_maintype() in ("text", "multipart"):
        read = text_of_html if message.get_content_type() == "text/html" else plain
        said = read(decoded(message))  # a multipart without a boundary is what it is
    return said if len(said) <= LONGEST_TEXT else said[: LONGEST_TEXT - len(_CUT)] + _CUT


def _is_file(part: EmailMessage) -> bool:
    return part.is_attachment() or part.get_filename() is not None


def decoded(part: EmailMessage) -> str:
    """A part's text in whatever charset it says, or is."""
    content = content_of(part)
    try:
        charset = codecs.lookup(part.get_content_charset() or "utf-8").name
        return content.decode("utf-8" if charset in _NO_CHARSETS else charset, "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def undecoded(raw: bytes) -> str:
    """The bytes as text, of a mail that cannot be read."""
    return plain(raw[: 4 * LONGEST_TEXT].decode("utf-8", "replace"), LONGEST_TEXT)


def text_of_html(markup: str) -> str:
    """The text of HTML, what it quotes behind `>` as in plain mails.

    `nh3` reads it as browsers do, so nothing a browser would not show is text. A browser's parser takes memory by the
    square of what is nested for that: it is given blocks only, so many, and not one attribute.
    """
    tags = 0

    def reduced(found: re.Match[str]) -> str:
        nonlocal tags
        if found[0] == "<":
            return "&lt;"
        name = (found[2] or "").lower()
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


def _write(text: str, lines: list[str], depth: int) -> None:
    said = html.unescape(text).replace("\n", " ")
    if said.strip() and not lines[-1].strip() and depth:
        lines[-1] = "> " * depth
    lines[-1] += said
