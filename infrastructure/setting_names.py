"""What operators read of the settings: their list, and which variables look like one and are none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import SecretStr

from infrastructure.settings import PREFIX, Settings

_ALIKE, _SLIP = 0.6, 0.85
"""How like a setting's name another must be for the setting to be suggested, and for it to be a slip of the pen."""


@dataclass(frozen=True)
class SettingEntry:
    """A setting as operators read of it."""

    name: str
    variable: str
    type: str
    default: str
    """The default as the environment would state it; empty for none."""
    unit: str
    meaning: str


def settings_entries() -> list[SettingEntry]:
    """Every setting, in the order of the class."""
    return [
        SettingEntry(
            name,
            f"{PREFIX}{name.upper()}",
            _type(field.annotation),
            "" if field.default is None else str(field.default),
            str(cast("dict[str, str]", field.json_schema_extra)["unit"]),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def _type(annotation: Any) -> str:
    kinds = [each for each in get_args(annotation) or (annotation,) if each is not type(None)]
    words = {str: "text", int: "integer", float: "number", Path: "path", SecretStr: "text"}
    return " or ".join(words.get(kind, str(kind)) for kind in kinds)


@dataclass(frozen=True)
class Misspelt:
    """A variable that looks like a setting and is none."""

    variable: str
    nearest: str | None
    """The setting that it may have been meant for."""
    slip: bool
    """Whether it differs from that by so little that nothing else can be meant."""

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.variable} is no setting, and changes nothing{hint}"


def misspelt(variables: Iterable[str] | None = None) -> list[Misspelt]:
    """The `CASELEDGER_*` variables of the environment that no setting reads, by name."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    given = {name for name in (os.environ if variables is None else variables) if name.upper().startswith(PREFIX)}
    return [_misspelt(name, known) for name in sorted(given) if name.upper() not in known]


def _misspelt(variable: str, known: Iterable[str]) -> Misspelt:
    name = variable.upper().removeprefix(PREFIX)
    likeness, nearest = max((SequenceMatcher(None, name, k.removeprefix(PREFIX)).ratio(), k) for k in known)
    return Misspelt(variable, nearest if likeness >= _ALIKE else None, likeness >= _SLIP)
