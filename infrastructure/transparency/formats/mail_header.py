"""The checkpoint in a header of every mail that the desk sends (audit.md, Held outside)."""

from __future__ import annotations

from base64 import b64encode

HEADER = "X-Caseledger-Checkpoint"
_GROUP = 48
"""Characters between two spaces where the header may be folded. The first line also carries the header's name."""


def header_value(note: str) -> str:
    """A signed note as the header's value: base64, with spaces where it may be folded."""
    encoded = b64encode(note.encode()).decode()
    return " ".join(encoded[n : n + _GROUP] for n in range(0, len(encoded), _GROUP))
