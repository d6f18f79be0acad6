"""Charsets: labels, and decoding.

The label table of the WHATWG Encoding Standard serves bodies, subjects, display names and file names.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import cache

import webencodings  # type: ignore[import-untyped]

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"))
"""Byte order marks. They override any label. Two stray bytes before plain ASCII are not a mark."""
_PLAIN = re.compile(rb"[\t\r\n -~]*")
_CODECS = {
    "utf-8": ("utf-8",),
    "utf-16le": ("utf-16-le",),
    "utf-16be": ("utf-16-be",),
    "gbk": ("gb18030",),
    "gb18030": ("gb18030",),
    "big5": ("big5hkscs", "cp950"),
    "euc-kr": ("cp949",),
    "shift_jis": ("cp932",),
}
"""Python's codecs for multi-byte encodings, in order of preference."""
_RETIRED = {"hz-gb-2312": "hz", "iso-2022-kr": "iso2022_kr", "csiso2022kr": "iso2022_kr"}
"""Labels that browsers no longer decode because scripts could hide in them. No script runs here."""
_SINGLE = {
    "iso-8859-8-i": "iso8859-8",
    "windows-874": "cp874",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
}
_BESIDE = {"koi8-u": {0xAE: "\u045e", 0xBE: "\u040e"}, "windows-1255": {0xCA: "\u05ba"}}
"""Bytes where the standard's tables differ from Python's."""
_ASCII = frozenset({"ascii", "us-ascii", "ansi_x3.4-1968", "iso-ir-6"})

_EUC = re.compile(
    rb"(?P<pairs>(?:[\xa1-\xfe]{2})+)|(?P<kana>(?:\x8e[\xa1-\xdf])+)|(?P<more>(?:\x8f[\xa1-\xfe]{2})+)|(?P<plain>[\0-\x7f]+)"
    rb"|(?P<wrong>.)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\x1b(\([BJI]|\$[@B]|\$\(D)")
_HIGH = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in range(256))


def decoded(content: bytes, label: str | None) -> str:
    """Decode bytes by the charset that a label names.

    Without a known label, decodes as UTF-8 if the bytes are valid UTF-8, else as windows-1252.
    """
    for mark, codec in _MARKS:
        if content.startswith(mark) and (codec == "utf-8" or not _PLAIN.fullmatch(content, len(mark))):
            return content[len(mark) :].decode(codec, "replace")
    cleaned = (label or "").strip(" \t\r\n\f\"'").lower()
    name = _name(cleaned)
    if name is None or (cleaned in _ASCII and not content.isascii()):
        return _unlabelled(content)
    if name == "replacement":
        return _of_retired(content, cleaned)
    return _by_codecs(content, name) if name in _CODECS else _by_tables(content, name)


def _by_tables(content: bytes, name: str) -> str:
    if name == "euc-jp":
        return "".join(_of_euc(content))
    if name == "iso-2022-jp":
        return "".join(_of_iso_2022(content)) if content.isascii() else _unlabelled(content)
    return codecs.charmap_decode(content, "replace", _table(name))[0]


def _name(label: str) -> str | None:
    found = webencodings.lookup(label) if label.isascii() else None
    return None if found is None else str(found.name)


def _unlabelled(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return codecs.charmap_decode(content, "replace", _table("windows-1252"))[0]


def _by_codecs(content: bytes, name: str) -> str:
    for codec in (*_CODECS[name], "utf-8"):
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    damaged = content.decode(_CODECS[name][0], "replace")
    if name == "utf-8" and not any(sign > "\x7f" and sign != "\ufffd" for sign in damaged):
        return _unlabelled(content)  # only its ASCII is valid UTF-8: the label is wrong
    return damaged


def _of_retired(content: bytes, label: str) -> str:
    try:
        return content.decode(_RETIRED.get(label, "utf-8"))
    except UnicodeDecodeError:
        return _unlabelled(content)


@cache
def _table(name: str) -> str:
    """Return the 256 characters of a single-byte encoding. Undefined bytes are as in windows-1252, never U+FFFD."""
    if name == "x-user-defined":
        return "".join(chr(byte if byte < 0x80 else 0xF700 + byte) for byte in range(256))
    beside = _BESIDE.get(name, {})
    codec = _SINGLE.get(name, name)
    signs = (beside.get(byte) or bytes([byte]).decode(codec, "ignore") or _gap(byte) for byte in range(256))
    return "".join(signs)


def _gap(byte: int) -> str:
    return chr(byte) if byte < 0xA0 else bytes([byte]).decode("cp1252")


def _of_iso_2022(content: bytes) -> Iterator[str]:
    """Decode ISO-2022-JP as programs write it, with half-width kana and the characters of NEC and IBM."""
    first, *rest = _ESCAPE.split(content)
    yield first.decode("ascii", "replace")
    for escape, piece in zip(rest[::2], rest[1::2], strict=True):
        high = piece.translate(_HIGH)
        if escape in (b"(B", b"(J"):
            yield piece.decode("ascii", "replace")
        elif escape == b"(I":
            yield high.decode("cp932", "replace")
        else:
            supplement = escape == b"$(D"
            yield from _of_euc(re.sub(rb"([\xa1-\xfe]{2})", rb"\x8f\1", high) if supplement else high)


def _of_euc(content: bytes) -> Iterator[str]:
    """Decode EUC-JP by the standard's table of JIS X 0208, which is that of Shift_JIS on Windows."""
    for found in _EUC.finditer(content):
        piece = found[0]
        match found.lastgroup:
            case "pairs":
                yield _shifted(piece).decode("cp932", "replace")
            case "kana":
                yield piece.replace(b"\x8e", b"").decode("cp932", "replace")
            case "more":
                yield piece.decode("euc_jp", "replace")
            case "plain":
                yield piece.decode("ascii")
            case _:
                yield "\ufffd"


def _shifted(pairs: bytes) -> bytes:
    """Convert characters of JIS X 0208 from EUC to Shift_JIS."""
    made = bytearray()
    for place in range(0, len(pairs), 2):
        row, cell = pairs[place] - 0xA1, pairs[place + 1] - 0xA1
        trail = cell + (0x9F if row % 2 else 0x40)
        made += bytes((row // 2 + (0x81 if row < 62 else 0xC1), trail + (1 if not row % 2 and trail >= 0x7F else 0)))
    return bytes(made)
