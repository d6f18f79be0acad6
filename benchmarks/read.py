"""How the read side grows with the desk: `python benchmarks/read.py --cases 10000,1000000 [--keep FOLDER] [--json]`.

Each desk is simulated once (`caseledger demo load`) and kept outside of the tree. The rows name their desk; the last ones
compare the largest desk with the smallest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from api.cli.options import database_of, settings_of
from api.interpreter import tune_interpreter
from api.main import on_views
from benchmarks import case_reads, exports, lists, pages, reports, search
from benchmarks.machine import ROOT, environment, served, technician_token, two_cores
from benchmarks.rows import Row, print_rows, told
from infrastructure.postgres.connections import LONG

_KEPT = Path(gettempdir()) / "caseledger-read"
"""Where the desks are kept."""
_LONG_STREAM = 1_000
"""Events of the longest case that is read."""
_FLAT = ("queue_page_p95_ms", "case_read_p95_ms", "history_p95_ms")
"""The rows that should not grow with the desk."""


def rows(folder: Path, cases: int) -> Iterator[Row]:
    """The rows of one desk. It is served while they are measured."""
    note = f"{cases:,} cases"
    with database_of(settings_of(folder, None), migrating=True) as database:  # not served: its keeper counts the same
        kept = reports.kept(database)
    yield replace(kept, note=f"{note}, {kept.note}")
    with served("api.cli", "serve", "--port", "0", "--data-dir", folder) as port:
        url, token = f"http://127.0.0.1:{port}", technician_token(folder)
        with database_of(settings_of(folder, None)) as database:
            for module in (lists, reports):
                for row in on_views(database, module.rows, size=lists.READERS, limits=LONG):
                    yield replace(row, note=f"{note}, {row.note}")
        yield from search.rows(url, token, note=f", {note}")
        yield from case_reads.rows(url, token, events=_LONG_STREAM, note=f", {note}")
        yield from pages.rows(url, token, note=f", {note}")
        with database_of(settings_of(folder, None)) as database:  # last: a large desk takes long to leave
            for row in exports.rows(database):
                yield replace(row, note=f"{note}, {row.note}")


def compared(smallest: list[Row], largest: list[Row]) -> Iterator[Row]:
    """What should be flat: the figure of the largest desk by that of the smallest."""
    before = {row.what: row for row in smallest}
    for row in largest:
        if row.what in _FLAT:
            yield Row(
                row.what.removesuffix("_ms") + "_largest_vs_smallest", row.ours, "ms", before[row.what].ours,
                before[row.what].note, 1.2, at_most=True, note=row.note,
            )  # fmt: skip


def load(kept: Path, cases: int) -> Path:
    """The folder of a desk with so many cases; it is made where it is missing, and finished where that was broken off."""
    folder = kept / str(cases)
    kept.mkdir(parents=True, exist_ok=True)
    kept.chmod(0o755)  # the server's user reaches its folder through it
    done = kept / f"{cases}.loaded"
    if not done.exists():
        command = [sys.executable, "-m", "api.cli", "demo", "load", "--cases", str(cases), "--data-dir", str(folder)]
        subprocess.run(command, cwd=ROOT, env=environment(), check=True)
        done.touch()
    return folder


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default="10000,1000000", help="the sizes of the desks, with commas between")
    parser.add_argument("--keep", type=Path, default=_KEPT, help="the folder that keeps the desks")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    given = parser.parse_args()
    tune_interpreter()  # views are asked in this process, as in one of the API's
    sizes = sorted({int(size) for size in given.cases.split(",")})
    found: list[list[Row]] = []
    for cases in sizes:
        folder = load(given.keep, cases)
        with two_cores():
            found.append(list(told(rows(folder, cases))))
    grown = compared(found[0], found[-1]) if len(found) > 1 else ()
    print_rows([*(row for each in found for row in each), *grown], as_json=given.json)


if __name__ == "__main__":
    main()
