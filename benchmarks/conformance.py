"""How fast histories are held against the SOP's model: rows `conformance_events`, `conformance_page_ms`.

`rows` asks a desk that runs already. By itself the module loads a simulated one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from api.cli.options import database_of, settings_of
from api.main import on_histories
from application.reports.conformance.check import check
from application.reports.conformance.histories import Histories, Known
from application.reports.conformance.history import History
from application.reports.conformance.model_file import sop
from application.reports.conformance.rules import Model
from benchmarks.machine import ROOT, scratch
from benchmarks.rows import Row, main
from domain.policy import first_policy
from infrastructure.postgres.database import Database

CASES = 10_000
_PAGE, _HTTP_PAGE = 500, 200
"""Cases that the command line reads at a time, and those of a page over HTTP."""
_EVERYTHING = Known(2**62, datetime.now(UTC))


def rows(database: Database) -> Iterator[Row]:
    """The rows of one desk."""
    model = sop(first_policy().business)

    async def measure(histories: Histories) -> tuple[int, float, float, float, float]:
        events, checking, after = 0, 0.0, None
        began = time.perf_counter()
        await histories.page(None, _HTTP_PAGE, _EVERYTHING)
        page, began, used = time.perf_counter() - began, time.perf_counter(), time.process_time()
        while True:
            found = await histories.page(after, _PAGE, _EVERYTHING)
            before = time.process_time()
            events += sum(_checked(history, model) for history in found.histories)
            checking += time.process_time() - before
            if (after := found.last) is None:
                return events, time.perf_counter() - began, time.process_time() - used, checking, page

    events, seconds, used, checking, page = on_histories(database, measure)
    note = f"{events:,} events; our CPU {used / events * 1e6:.1f} µs an event, {checking / events * 1e6:.1f} of it to check"
    yield Row("conformance_events", events / seconds, "events/s", note=note)
    yield Row("conformance_page_ms", page * 1000, "ms", note=f"{_HTTP_PAGE} cases, read")


def _checked(history: History, model: Model) -> int:
    check(history, model)
    return len(history.events)


def measure() -> Iterator[Row]:
    """The rows of a fresh desk."""
    with scratch() as folder:
        load = (sys.executable, "-m", "api.cli", "demo", "load", "--cases", str(CASES), "--data-dir", str(folder))
        subprocess.run(load, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with database_of(settings_of(folder, None)) as database:
            yield from rows(database)


if __name__ == "__main__":
    main({"conformance": measure}, __doc__)
