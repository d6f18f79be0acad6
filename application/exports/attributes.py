"""What process mining tools read of an event: its codes, numbers and moments. Words never leave in these forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from domain.aggregate import Recorded
from domain.case import EVENTS as CASE_EVENTS
from domain.catalogue import EVENTS as CATALOGUE_EVENTS
from domain.problem import EVENTS as PROBLEM_EVENTS


class Kind(StrEnum):
    """The types of attribute that XES and OCEL share, in the words of OCEL."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TIME = "time"


TOPICS: Mapping[str, type[Recorded]] = {
    topic: event
    for topic, event in (*CASE_EVENTS.items(), *PROBLEM_EVENTS.items(), *CATALOGUE_EVENTS.items())
    if topic.partition(".")[0] in ("case", "problem", "service", "team")
}
"""The events of the objects of OCEL; those of cases are the events of XES as well."""

_ENVELOPE = frozenset({"originator_id", "originator_version", "timestamp"} | {f.name for f in fields(Recorded)})


@cache
def attributes_of(topic: str) -> Mapping[str, Kind]:
    """The fields of a topic that are one code, number or moment, and their types. None for an unknown topic.

    Disclosures, lists and nested values are left out.
    """
    event = TOPICS.get(topic)
    if event is None:
        return {}
    hints = get_type_hints(event)
    kinds = {field.name: _kind(hints[field.name]) for field in fields(event) if field.name not in _ENVELOPE}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _kind(hint: Any) -> Kind | None:
    if get_origin(hint) in (Union, UnionType):
        hint, *others = (each for each in get_args(hint) if each is not NoneType)
        if others:
            return None
    if not isinstance(hint, type):
        return None
    # A boolean is an integer, too: the order matters.
    for known, kind in ((bool, Kind.BOOLEAN), (int, Kind.INTEGER), (float, Kind.FLOAT), (str, Kind.STRING)):
        if issubclass(hint, known):
            return kind
    return Kind.TIME if issubclass(hint, datetime) else None
