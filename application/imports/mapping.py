"""A mapping: which columns of another desk's log hold what, and what their values are called here.

`docs/importing.md` explains each field. Every scalar of the file is read as text, so that `No` and `1` stay what they are.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from domain.case.status import SETTLED, Status
from domain.case.terms import PendingReason
from domain.values import Channel, Level

STATUSES: dict[str, tuple[Status | None, PendingReason | None]] = {
    "none": (None, None),
    "open": (Status.IN_DIAGNOSIS, None),
    **{status: (Status.IN_DIAGNOSIS, None) for status in Status if status not in SETTLED},
    **{f"waiting_{reason}": (Status.IN_DIAGNOSIS, reason) for reason in PendingReason},
    Status.RESOLVED: (Status.RESOLVED, None),
    Status.CLOSED: (Status.CLOSED, None),
}
"""Our words for a status. Every state of work is `open`; `none` changes no status."""
LEVELS = {**{str(level.value): level for level in Level}, **{level.name.lower(): level for level in Level}}
PRIORITIES = {str(priority): priority for priority in range(1, 5)}
CHANNELS = {str(channel): channel for channel in Channel}
CONTACT = ("name", "email", "phone")
WORDS = ("subject", "description", "symptoms", "location", "asset", "callback")
OUTCOME = ("opened_at", "resolved_at", "closed_at", "resolved_by", "code")
_TIMES = OUTCOME[:3]
_VOCABULARY: dict[str, dict[str, Any]] = {
    "status": STATUSES,
    "channel": CHANNELS,
    "impact": LEVELS,
    "severity": LEVELS,
    "priority": PRIORITIES,
}
"""Our words for the fields whose values are translated."""


class BadMapping(Exception):
    """A mapping cannot be used. The message says why."""


class Choice(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where a field comes from, and what its values are called here."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    """Several columns whose texts are joined: `Accepted/In Progress`."""
    join: str = "/"
    value: str | None = None
    """One value for every row, where no column holds the field."""
    values: dict[str, str] = {}
    unknown: Literal["report", "accept", "reject"] = "report"
    """What becomes of a value without a word of ours: each is kept, and reported unless accepted; or its row is rejected."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self.columns or ((self.column,) if self.column is not None else ())

    @property
    def label(self) -> str:
        """How a report names it."""
        return self.join.join(self.sources)


class Times(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """When a row happened: one column, or for a file with one row a case a column for each status."""

    column: str | None = None
    columns: dict[str, str] = {}
    """Column and status, in the order in which the statuses happen."""
    format: str | tuple[str, ...] = "iso"
    """`iso`, `unix`, `unix_ms`, or forms as of `strptime`, tried in turn."""
    zone: str | None = None
    """The zone of times without an offset."""
    also: tuple[str, ...] = ()
    """Other columns that hold times."""

    @property
    def formats(self) -> tuple[str, ...]:
        """The forms to try, in turn."""
        return (self.format,) if isinstance(self.format, str) else self.format


class Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """All that an import needs to know of a log."""

    system: str
    """The name of the other system. A case is known by it and its number: never change it between two imports."""
    format: Literal["csv", "jsonl", "xes"] | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    missing: tuple[str, ...] = ()
    """Texts that stand for no value, beside the empty one."""
    columns: tuple[str, ...] = ()
    """The columns that must be there. A row is identified by them in this order; without them, by all its cells."""
    strict: bool = False
    """Whether a row with a value that is no code is rejected rather than reported."""
    case: str | Choice
    time: str | Times
    received_at: str | None = None
    by: str | Choice | None = None
    status: str | Choice | None = None
    channel: str | Choice | None = None
    impact: str | Choice | None = None
    severity: str | Choice | None = None
    priority: str | Choice | None = None
    team: str | Choice | None = None
    technician: str | Choice | None = None
    service: str | Choice | None = None
    customer: str | Choice | None = None
    symptomatic: str | None = None
    """A column that is filled where symptoms were recorded."""
    contact: dict[str, str] = {}
    words: dict[str, str] = {}
    outcome: dict[str, str] = {}
    """Columns of hindsight: the source writes them over all rows of a case. Only its last row keeps them."""
    hindsight: tuple[str, ...] = ()
    """More such columns."""
    private: tuple[str, ...] = ()
    """Columns with text of people. It goes into the vault, and can be erased."""
    ignore: tuple[str, ...] = ()
    """Columns that are not imported."""

    @property
    def times(self) -> Times:
        """The times, also where the mapping names the column only."""
        return Times(column=self.time) if isinstance(self.time, str) else self.time

    def choice(self, field: str) -> Choice | None:
        """A field's choice, also where the mapping names the column only."""
        given: str | Choice | None = getattr(self, field)
        return Choice(column=given) if isinstance(given, str) else given

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which no row can be read."""
        status = self.choice("status")
        received = () if self.received_at is None else (self.received_at,)
        times = (self.times.column,) if self.times.column is not None else ()
        case = self.choice("case")
        assert case is not None
        first = () if self.times.columns == {} else tuple(self.times.columns)[:1]
        named = (*case.sources, *times, *first, *received, *(status.sources if status else ()), *self.columns)
        return tuple(dict.fromkeys(named))

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that it names."""
        chosen = [self.choice(field) for field in CHOSEN]
        fields = [name for choice in chosen if choice is not None for name in choice.sources]
        texts = (*self.contact.values(), *self.words.values(), *self.outcome.values())
        symptomatic = () if self.symptomatic is None else (self.symptomatic,)
        lists = (*self.hindsight, *self.private, *self.ignore)
        listed = (*self.times.columns, *self.times.also, *fields, *texts, *symptomatic, *lists)
        return tuple(dict.fromkeys((*self.required, *listed)))


CHOSEN = (
    *("case", "by", "status", "channel", "impact", "severity", "priority"),
    *("team", "technician", "service", "customer"),
)


def shipped() -> list[str]:
    """Names of the mappings that come with the desk."""
    folder = files("application.imports").joinpath("mappings")
    return sorted(each.name.removesuffix(".yaml") for each in folder.iterdir() if each.name.endswith(".yaml"))


def shipped_mapping(name: str) -> Mapping:
    """Read a mapping that comes with the desk. Raises BadMapping, also for an unknown name."""
    if name not in shipped():
        raise BadMapping(f"there is no mapping {name}; the desk brings {', '.join(shipped())}")
    return read_mapping(files("application.imports").joinpath("mappings", f"{name}.yaml").read_text("utf-8"))


def read_mapping(text: str) -> Mapping:
    """Read a mapping file. Raises BadMapping, which names every error that it finds."""
    try:
        mapping = msgspec.convert(yaml.load(text, yaml.BaseLoader), Mapping, strict=False)  # noqa: S506 - text only
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadMapping(str(error)) from None
    if errors := list(_errors(mapping)):
        raise BadMapping("; ".join(errors))
    return mapping


def _errors(mapping: Mapping) -> Iterator[str]:
    times = mapping.times
    if (times.column is None) == (times.columns == {}):
        yield "time: name either a column or the columns of the statuses"
    if times.columns and mapping.status is not None:
        yield "status: the columns of time name the status already"
    if not times.columns and mapping.status is None:
        yield "status: no column holds the status or the activity"
    yield from (
        f"time.columns.{name}: {_no_word('status', word)}"
        for name, word in times.columns.items()
        if word not in STATUSES
    )
    if times.zone is not None and not _is_zone(times.zone):
        yield f"time.zone: there is no time zone {times.zone}"
    if not _is_encoding(mapping.encoding):
        yield f"encoding: there is no encoding {mapping.encoding}"
    if mapping.delimiter is not None and len(mapping.delimiter) != 1:
        yield "delimiter: one character"
    for field in CHOSEN:
        yield from _choice_errors(field, mapping.choice(field))
    for field, known in (("contact", CONTACT), ("words", WORDS), ("outcome", OUTCOME)):
        yield from (
            f"{field}.{name}: one of {', '.join(known)}" for name in getattr(mapping, field) if name not in known
        )


def _choice_errors(field: str, choice: Choice | None) -> Iterator[str]:
    if choice is None:
        return
    if len(choice.sources) == 0 and choice.value is None:
        yield f"{field}: names neither a column nor a value"
    words = _VOCABULARY.get(field)
    if words is not None:
        given = (*choice.values.values(), *(() if choice.value is None else (choice.value,)))
        yield from (f"{field}: {_no_word(field, word)}" for word in dict.fromkeys(given) if word not in words)


def _no_word(field: str, word: str) -> str:
    return f"{word!r} is no {field}; it is one of {', '.join(_VOCABULARY[field])}"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def translated(field: str, choice: Choice) -> dict[str, Any]:
    """The values of a choice, each with what it means here. Our own words need no line where no values are given."""
    words = _VOCABULARY.get(field)
    if words is None:
        return {folded(text): ours for text, ours in choice.values.items()}
    return {folded(text): words[ours] for text, ours in (choice.values or dict(zip(words, words, strict=True))).items()}


def folded(text: str) -> str:
    """A text without the differences of case and blanks that two exports of one log show."""
    return " ".join(text.split()).casefold()


TIMES_OF_OUTCOME = frozenset(_TIMES)
