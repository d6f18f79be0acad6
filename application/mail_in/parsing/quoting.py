"""Quoting: separates a reply's own words from the quoted ones, line by line, and keeps both.

Rejected libraries: mail-parser-reply and quotequail run unbounded patterns over untrusted text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WROTE = "wrote|writes|schrieb|a écrit|escribió|escreveu|schreef|ha scritto|skrev|napisał|kirjoitti"
_OPENS = re.compile(
    r"\s{0,3}(?:On|Am|Le|El|Em|Op|Il|Den|W dniu)\s|.{0,80}<[^<>@\s]{1,64}@[^<>\s]{1,255}>", re.IGNORECASE
)
_ATTRIBUTION = re.compile(rf".{{0,400}}(?:{_WROTE})\b[^\n]{{0,20}}:\s*", re.IGNORECASE | re.DOTALL)
_ORIGINAL = re.compile(
    r"\s*[-_]{2,}\s*(?:original (?:message|appointment)|ursprüngliche nachricht|message d'origine|mensaje original)"
    r"\s*[-_]{2,}\s*",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*_{10,}\s*")
_FROM = re.compile(r"\s*\*?(?:From|Von|De|Van|Da)\s?:\*?\s.{1,300}")
_SENT = re.compile(r"\s*\*?(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado|Verzonden|Inviato|To|An|À|Para|Subject)\s?:\*?\s")
_FORWARDED = re.compile(r"\s*(?:-{2,}\s*)?(?:begin forwarded message|forwarded message)\b.{0,40}", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """A mail's own words, and the quoted words."""

    text: str
    quoted: str


def told_apart(text: str) -> Said:
    """Separate a reply's own words from its quotes. Forwarded words count as its own."""
    own: list[str] = []
    quoted: list[str] = []
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        line = lines[place]
        if _FORWARDED.fullmatch(line):
            own += lines[place:]
            break
        if _ORIGINAL.fullmatch(line) or _heads_a_mail(lines, place):
            quoted += lines[place:]
            break
        if height := _attribution(lines, place):
            quoted += lines[place : place + height]
            place += height
            if not _quotes_next(lines, place):
                quoted += lines[place:]
                break
            continue
        (quoted if line.lstrip()[:1] == ">" else own).append(line)
        place += 1
    return Said("\n".join(own).strip(), "\n".join(quoted).strip())


def without_signature(text: str) -> str:
    """The words above the signature (RFC 3676, 4.3)."""
    return _SIGNATURE.split(text, maxsplit=1)[0].strip()


def _attribution(lines: list[str], place: int) -> int:
    """Count the lines of an attribution ("... wrote:"). Programs wrap it."""
    if not _OPENS.match(lines[place][:400]):
        return 0
    for height in (1, 2, 3):
        if _ATTRIBUTION.fullmatch("\n".join(lines[place : place + height])[:600]):
            return height
    return 0


def _quotes_next(lines: list[str], place: int) -> bool:
    following = next((line for line in lines[place : place + 5] if line.strip()), "")
    return following.lstrip()[:1] == ">"


def _heads_a_mail(lines: list[str], place: int) -> bool:
    """Whether quoted mail headers begin here, as in Outlook, with or without a rule above them."""
    here = place + 1 if _RULE.fullmatch(lines[place]) else place
    first, *more = [line for line in lines[here : here + 6] if line.strip()] or [""]
    return bool(_FROM.fullmatch(first)) and sum(bool(_SENT.match(line)) for line in more[:3]) >= 2
