"""docs/policy.md: every field of the policy, from `domain/policy.py`, with its value on a new desk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from application.administration.meanings import Meaning, meanings
from domain.policy import Policy, first_policy
from tools.pages.markdown import GENERATED, code, table

_HEAD = f"""# The policy

{GENERATED}

The policy is what the organisation decides and may change: windows, targets, limits, lists. It is data on the record. A change takes
effect with its commit, and each decision keeps the version it was made under ([decision 7](decisions/0007-decided-under.md)).
`GET /policy` answers the policy in force, `GET /policy?version=N` an older one. An administrator changes it by `POST /policy` with
`changes` and a `reason`; fields that are not given stay as they are. `version` cannot be changed.

Intervals are ISO 8601 durations, such as `PT30M` or `P3D`. An interval by the wall clock never stops. Support time runs within the hours
of the service, the team or the desk, and stops while a case waits for one of the reasons in `pausing`. A new desk starts with the holidays
of the State of Oklahoma.

"""


def page() -> str:
    """The page."""
    values = msgspec.to_builtins(first_policy())
    rows = (
        (code(name), meaning.unit, value, meaning.meaning) for name, meaning, value in _fields(meanings(Policy), values)
    )
    return _HEAD + table(("field", "unit", "at first", "meaning"), rows)


def _fields(said: Mapping[str, Meaning], values: Any, within: str = "") -> Iterator[tuple[str, Meaning, str]]:
    for name, meaning in said.items():
        value = values[name] if isinstance(values, Mapping) else [each[name] for each in values]
        yield within + name, meaning, "" if meaning.parts else _shown(value)
        yield from _fields(meaning.parts, value, f"{within}{name}{'[]' if isinstance(value, list | tuple) else ''}.")


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return (" / " if any(isinstance(each, list | tuple) for each in value) else ", ").join(map(_shown, value))
    return code(value if isinstance(value, str) else json.dumps(value))
