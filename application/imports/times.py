"""Times of other desks' logs: ISO 8601, seconds of Unix, or the form that a mapping states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from application.imports.mapping import Times


class Unparsable(Exception):
    """A row cannot be read. The message says why."""


def moment_reader(times: Times, timezone: ZoneInfo | None = None) -> Callable[[str], datetime]:
    """Return the function that reads the times of a log. It raises Unparsable.

    ``timezone`` overrides the mapping's zone. A local time that a change of the clock made twice is the first of both.
    """
    zone = timezone or (None if times.zone is None else ZoneInfo(times.zone))

    def read(text: str) -> datetime:
        for form in times.formats:
            try:
                moment = _read(text, form)
            except (ValueError, OverflowError, OSError):
                continue
            if moment.tzinfo is None and zone is None:
                raise Unparsable(f"{text!r} has no time zone; name one in time.zone or with --timezone")
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        raise Unparsable(f"{text!r} is no time of the form {' or '.join(times.formats)}")

    return read


def _read(text: str, form: str) -> datetime:
    if form == "iso":
        return datetime.fromisoformat(text)
    if form in ("unix", "unix_ms"):
        return datetime.fromtimestamp(float(text) / (1000 if form == "unix_ms" else 1), UTC)
    return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
