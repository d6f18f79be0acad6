"""Writes the record as JSON lines and as XES, into anything that grows. Killed half-way, the same export goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from application.exports import xes
from application.exports.event_lines import event_line
from infrastructure.exports.part_file import Growing
from infrastructure.exports.record import Record

CASES = ("case",)
"""The kind of stream whose events XES has."""
KEEP_EVERY = 100_000
"""Events after which all that was written is made sure of."""

Advance = Callable[[int], None]
TOLD_EVERY = 1_000
"""Events between two movements of a progress bar."""


def write_lines(record: Record, into: Growing, advance: Advance, *, after: int = 0, words: bool = True) -> int:
    """Write the events after a position as JSON lines. Returns how many the file has."""
    after, count = into.mark or (after, 0)
    advance(count)
    for event in record.events(after, words=words):
        into.write(event_line(event, words=words))
        count += 1
        if count % TOLD_EVERY == 0:
            advance(TOLD_EVERY)
        if count % KEEP_EVERY == 0:
            into.keep((event.position, count))
    advance(count % TOLD_EVERY)
    return count


def write_traces(record: Record, into: Growing, advance: Advance, told: dict[str, Any]) -> int:
    """Write all cases as XES. Returns how many events the file has."""
    stream, count = into.mark or (None, 0)
    if into.mark is None:
        into.write(xes.head(told))
    advance(count)
    traces, kept = xes.Traces(), count
    for event in record.streams(CASES, stream):
        end, text = traces.add(event)
        if end:
            into.write(end)
            if count - kept >= KEEP_EVERY:
                into.keep((stream, count))
                kept = count
        into.write(text)
        stream = event.stream
        count += 1
        if count % TOLD_EVERY == 0:
            advance(TOLD_EVERY)
    advance(count % TOLD_EVERY)
    into.write(traces.end())
    into.write(xes.TAIL)
    return count
