"""The pointers from an event's state to disclosures in the vault (audit.md, Personal data)."""

from __future__ import annotations

from typing import Any


def pointers(value: Any) -> list[dict[str, str]]:
    """Every `{"digest", "subject", "kind"}` in a state, at any depth."""
    if isinstance(value, dict):
        if value.keys() == {"digest", "subject", "kind"}:
            return [value]
        return [found for each in value.values() for found in pointers(each)]
    return [found for each in value for found in pointers(each)] if isinstance(value, list) else []
