"""Decoding of header fields: encoded words (RFC 2047), bare 8-bit text, parameters (RFC 2045, RFC 2231)."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from itertools import groupby
from quopri import decodestring
from urllib.parse import unquote_to_bytes

from application.mail_in.parsing.charsets import decoded

ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bq])\?([^\r\n]{0,1500}?)\?=", re.IGNORECASE)
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_CHARSET = re.compile(rb"""\bcharset\*?[ \t]*=[ \t]*["']?[ \t]*([\w.:+-]{1,60})""", re.IGNORECASE)
_PARAMETER = re.compile(r""";\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)""", re.DOTALL)
_SEGMENT = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


def label_of(head: bytes) -> str | None:
    """Return the first charset that a mail names. Its bare 8-bit header fields most likely use it."""
    found = _CHARSET.search(head)
    label = found[1].decode("ascii", "ignore") if found else None
    return label if label and decoded(b"a:", label) == "a:" else None


def unfolded(value: str, label: str | None) -> str:
    """Unfold a field's value. Decodes bare 8-bit text as UTF-8, else by ``label``, else as windows-1252."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = decoded(raw, None if label and label.lower() in ("utf-8", "utf8") else label)
    return " ".join(text.split())


def spoken(text: str) -> str:
    """Decode encoded words in a text. Joins adjacent ones first: some programs split them within a character."""
    pieces: list[str] = []
    run: list[tuple[str, bytes]] = []
    last = 0
    for word in ENCODED_WORD.finditer(text):
        between = text[last : word.start()]
        if not run or between.strip():
            pieces += (*_joined(run), between)
            run = []
        run.append((word[1].lower(), _bytes_of(word[2], word[3])))
        last = word.end()
    return "".join((*pieces, *_joined(run), text[last:]))


def _joined(run: list[tuple[str, bytes]]) -> Iterator[str]:
    for label, words in groupby(run, key=lambda word: word[0]):
        yield decoded(b"".join(content for _, content in words), label)


def _bytes_of(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return decodestring(text.encode("utf-8", "replace"), header=True)
    letters = _NO_BASE64.sub("", text)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return b64decode(letters + "=" * (-len(letters) % 4))


def kind_of(value: str) -> str:
    """Return the value before a field's parameters, in lower case."""
    return value.partition(";")[0].strip().lower()


def parameters(value: str) -> dict[str, str]:
    """Return a field's parameters by lower-case name. The RFC 2231 form takes precedence."""
    bare: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bool, str]]] = {}
    for found in _PARAMETER.finditer(value):
        segment = _SEGMENT.fullmatch(found[1].lower())
        text = _unquoted(found[2].strip())
        if segment is None:
            continue
        if segment[2] is None and segment[3] is None:
            bare.setdefault(segment[1], spoken(text))
        else:
            extended.setdefault(segment[1], {}).setdefault(int(segment[2] or 0), (segment[3] is not None, text))
    return {**bare, **{name: _assembled(segments) for name, segments in extended.items()}}


def _assembled(segments: dict[int, tuple[bool, str]]) -> str:
    """Join the segments of a parameter (RFC 2231, 3 and 4), decoded by the charset that the first names."""
    label, content = None, b""
    for place, (coded, text) in sorted(segments.items()):
        said = text
        if coded and place == min(segments) and text.count("'") >= 2:
            label, _, said = text.split("'", 2)
        content += unquote_to_bytes(said) if coded else said.encode("utf-8", "replace")
    return decoded(content, label)


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\([\\\"])", r"\1", text[1:].removesuffix('"'))
