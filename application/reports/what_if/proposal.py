"""A policy as a file: what `GET /policy` shows, or only the fields that would change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

import yaml

from application.administration.entries import change_policy
from domain.errors import Invalid
from domain.policy import Policy

_READ_ONLY = frozenset({"version", "book_version", "fields"})


def proposed(text: str, present: Policy) -> Policy:
    """Read a policy file: YAML or JSON, whole or in part. The other fields stay as they are. Raises Invalid."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid(f"This is no YAML: {error}", "/") from None
    if not isinstance(document, Mapping):
        raise Invalid("A policy has fields: give at least one.", "/")
    changes = document.get("changes", document)
    if not isinstance(changes, Mapping):
        raise Invalid("A policy has fields: give at least one.", "/changes")
    return change_policy(present, {str(n): _plain(value) for n, value in changes.items() if n not in _READ_ONLY})


def _plain(value: Any) -> Any:
    """A value as JSON has it: YAML reads dates by itself."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
