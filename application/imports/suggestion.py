"""A first mapping for a file, guessed from the names of its columns and from its first rows, for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import yaml

from application.imports.columns import is_code, printable
from application.imports.mapping import Times
from application.imports.source import Broken, Line
from application.imports.times import Unparsable, moment_reader

LOOKED_AT = 20_000
"""Rows that are looked at."""
_FEW = 60
"""Most different values of a column that names a status or a level."""
_ENOUGH = 0.9
"""Share of a column's values that read as times."""
_FORMS = (
    *("iso", "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"),
    *("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"),
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p"),
)
_NAMES = {
    "case": r"case:concept:name|(case|ticket|incident|issue|request|trace|sr|problem)[ _]?(id|number|no|key)?|number|key|id",
    "time": r"time:timestamp|.*(complete|end).*time.*|.*timestamp.*|(sys_)?updated(_at| at| on)?|.*(changed|event).*(time|date|at)|time|date",
    "status": r"(incident[ _])?(status|state)|activity|event|stage|action",
    "by": r"org:resource|resource|(sys_)?updated[ _]by|user|author|agent|actor|changed[ _]by|performer|owner first name",
    "team": r"org:group|.*(group|team|queue|section)",
    "technician": r"technician|assignee|assigned[ _]to|engineer",
    "impact": r"impact",
    "severity": r"severity|urgency",
    "priority": r"priority",
    "service": r"service|product|category|component|application|ci(_name)?|service[ _](type|name|affected)",
    "channel": r"channel|contact[ _]type|source|via",
    "customer": r"(customer|caller|requester|reporter|requestor)([ _]?(id|name))?",
    "received_at": r"opened_at|opened|created(_at| at)?|reported(_at| at| on)?|received(_at| at)?",
}
_CONTACT = {
    "name": r"(customer|caller|requester|contact)[ _]name",
    "email": r".*e-?mail.*",
    "phone": r".*phone.*|.*mobile.*",
}
_WORDS = {
    "subject": r"subject|title|summary|short[ _]description",
    "description": r"(long[ _])?description|details|body",
}
_STATUS_WORDS = (
    (r"clos|cancel|reject|abandon", "closed"),
    (r"resolv|solved|fixed|complete|done|finish", "resolved"),
    (
        r"(wait|hold|pend|suspend).*(user|customer|caller|client|requester)|await.*(user|customer|caller)",
        "waiting_customer",
    ),
    (r"(wait|hold|pend|suspend).*(vendor|supplier|third|provider|partner)", "waiting_vendor"),
    (r"(wait|hold|pend|suspend).*problem", "waiting_problem"),
)
_LEVEL_WORDS = (
    (r"crit|major|urgent|highest|blocker|^1|^p1", "1"),
    (r"high|^2|^p2", "2"),
    (r"med|mod|normal|^3|^p3", "3"),
    (r"low|minor|^4|^5|^p4", "4"),
)


def suggest(lines: Iterable[Line], system: str, format: str, delimiter: str) -> str:  # noqa: A002
    """Write a mapping for the first rows of a file. Lines that need a person's eye bear a comment."""
    rows = [row for _, row in lines if not isinstance(row, Broken)]
    columns = {
        name: [row[name].strip() for row in rows if row.get(name)] for name in dict.fromkeys(n for r in rows for n in r)
    }
    times = {name: form for name, values in columns.items() if values and (form := _form_of(values)) is not None}
    guesses = {field: _called(pattern, columns) for field, pattern in _NAMES.items()}
    text = [
        "# A first mapping, guessed from the file's columns. Check each line; docs/importing.md explains the fields.",
        f"system: {_plain(system)}  # in each event's origin; part of each case's identity",
        f"format: {format}",
    ]
    if format == "csv":
        text.append(f"delimiter: {_plain(delimiter)}")
    case = guesses["case"]
    text.append(f"case: {_plain(case)}" if case else "case: ???  # which column holds the number of the case?")
    listed = case is not None and len(set(columns[case])) == len(rows) and len(times) > 1
    text += _times_of_case(times, columns) if listed else _time(times, guesses)
    text += [] if listed else _status(columns, guesses["status"])
    text += _fields(columns, guesses, times)
    return "\n".join(text) + "\n"


def _called(pattern: str, columns: Mapping[str, Sequence[str]]) -> str | None:
    """The first column that a pattern names, by the order of the pattern's alternatives."""
    for each in _alternatives(pattern):
        for name in columns:
            if re.fullmatch(each, name.strip(), re.IGNORECASE):
                return name
    return None


def _alternatives(pattern: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(pattern):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            parts.append(pattern[start:place])
            start = place + 1
    return [*parts, pattern[start:]]


def _form_of(values: Sequence[str]) -> str | None:
    """The form in which nearly all values read as times; None where none does."""
    for form in _FORMS:
        read = moment_reader(Times(column="x", format=form, zone="UTC"))
        if not re.search(r"\d[-/.]\d", values[0]):
            return None
        if sum(_reads(read, value) for value in values) >= _ENOUGH * len(values):
            return form
    return None


def _reads(read: object, value: str) -> bool:
    try:
        read(value)  # type: ignore[operator]
    except Unparsable:
        return False
    return True


def _time(times: Mapping[str, str], guesses: Mapping[str, str | None]) -> Iterator[str]:
    named = guesses["time"]
    column = (
        named
        if named in times
        else next((name for name in times if name != guesses["received_at"]), next(iter(times), None))
    )
    yield "time:"
    yield f"  column: {_plain(column)}" if column else "  column: ???  # when did the row happen?"
    yield f"  format: {_plain(times.get(column or '', 'iso'))}"
    yield "  zone: UTC  # of times without an offset: which zone did the desk's clock show?"
    if others := [name for name in times if name not in (column, guesses["received_at"])]:
        yield f"  also: [{', '.join(map(_plain, others))}]"


def _times_of_case(times: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    forms = list(dict.fromkeys(times.values()))
    read = moment_reader(Times(column="x", format=tuple(forms), zone="UTC"))

    def first(name: str) -> datetime:
        return min(read(value) for value in columns[name] if _reads(read, value))

    yield "time:"
    yield "  # One row a case: a column for the time of each status, in the order in which they happen."
    yield "  columns:"
    for name in sorted(times, key=lambda name: (_ORDER[_status_of(name)], first(name))):
        yield f"    {_plain(name)}: {_status_of(name)}"
    yield f"  format: [{', '.join(map(_plain, forms))}]"
    yield "  zone: UTC  # of times without an offset: which zone did the desk's clock show?"


def _status(columns: Mapping[str, Sequence[str]], named: str | None) -> Iterator[str]:
    pair = ["concept:name", "lifecycle:transition"]
    chosen = [name for name in pair if name in columns] or ([named] if named else [])
    if chosen == pair and {value.lower() for value in columns[pair[1]]} <= {"start", "complete"}:
        chosen = pair[:1]
    if not chosen:
        yield "status: ???  # which column holds the status or the activity?"
        return
    yield "status:"
    yield f"  columns: [{', '.join(map(_plain, chosen))}]"
    yield "  values:  # open, waiting_customer, waiting_vendor, waiting_problem, waiting_evidence, resolved, closed or none"
    values = dict.fromkeys("/".join(parts) for parts in zip(*(columns[name] for name in chosen), strict=False))
    yield from (f"    {_plain(value)}: {_status_of(value)}" for value in list(values)[:_FEW])


def _fields(
    columns: Mapping[str, Sequence[str]], guesses: Mapping[str, str | None], times: Mapping[str, str]
) -> Iterator[str]:
    used = set(times) | {guesses["case"], guesses["status"], "concept:name", "lifecycle:transition"}
    for field in ("by", "team", "technician", "service", "customer"):
        if (name := guesses[field]) is not None and name not in used:
            used.add(name)
            yield f"{field}: {_plain(name)}"
    for field in ("impact", "severity", "priority"):
        if (name := guesses[field]) is not None and len(values := dict.fromkeys(columns[name])) <= _FEW:
            used.add(name)
            levels = ", ".join(
                f"{_plain(value)}: {_level_of(value, 4 if field == 'priority' else 3)}" for value in values
            )
            yield f"{field}: {{column: {_plain(name)}, values: {{{levels}}}}}  # 1 is the highest"
    for field, names in (("contact", _CONTACT), ("words", _WORDS)):
        found = {
            kind: name for kind, pattern in names.items() if (name := _called(pattern, columns)) and name not in used
        }
        used |= set(found.values())
        if found:
            yield f"{field}: {{{', '.join(f'{kind}: {_plain(name)}' for kind, name in found.items())}}}  # into the vault"
    private = [
        name for name, values in columns.items() if name not in used and any(_is_text(value) for value in values)
    ]
    if private:
        yield f"private: [{', '.join(map(_plain, private))}]  # free text and addresses: into the vault"


def _is_text(value: str) -> bool:
    return "@" in value or not printable(value) or (len(value.split()) > 6 and not is_code(value.replace(" ", "")))


def _status_of(text: str) -> str:
    return next((word for pattern, word in _STATUS_WORDS if re.search(pattern, text, re.IGNORECASE)), "open")


_ORDER = {"open": 0, "waiting_customer": 1, "waiting_vendor": 1, "waiting_problem": 1, "resolved": 2, "closed": 3}


def _level_of(text: str, lowest: int) -> str:
    """The level that a word names. Of three levels, `critical` and `high` are one."""
    word = next((word for pattern, word in _LEVEL_WORDS if re.search(pattern, text.strip(), re.IGNORECASE)), "4")
    numbered = re.match(r"[0-9p]", text.strip(), re.IGNORECASE) is not None
    level = int(word) if lowest > 3 or numbered else int(word) - 1
    return str(min(max(level, 1), lowest))


def _plain(text: str) -> str:
    """A text as YAML writes it on one line."""
    return (
        yaml.safe_dump(text, width=10**6, allow_unicode=True, default_flow_style=True)
        .removesuffix("\n")
        .removesuffix("\n...")
    )
