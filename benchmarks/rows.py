"""The row that every benchmark answers with, and how rows are printed."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

Benchmark = Callable[[], Iterable["Row"]]


@dataclass(frozen=True)
class Row:
    """One figure. The goal is about the ratio to the baseline, or, without one, about the figure itself."""

    what: str
    ours: float
    unit: str
    baseline: float | None = None
    baseline_name: str | None = None
    goal: float | None = None
    at_most: bool = False
    """Whether less is better."""
    note: str = ""
    """What one must know to read the figure: the disk, the client, how many events."""

    @property
    def ratio(self) -> float | None:
        """Ours by the baseline's; None without a baseline, or with one of zero."""
        return self.ours / self.baseline if self.baseline else None

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None for a row that only informs."""
        if self.goal is None:
            return None
        figure = self.ours if self.ratio is None else self.ratio
        return figure <= self.goal if self.at_most else figure >= self.goal

    def document(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return {
            "what": self.what,
            "ours": _rounded(self.ours),
            "baseline": _rounded(self.baseline),
            "baseline_name": self.baseline_name,
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "holds": self.holds,
            "unit": self.unit,
            "note": self.note,
        }


def _rounded(figure: float | None) -> float | None:
    """Four significant digits: more would be noise."""
    if figure is None or isinstance(figure, int):
        return figure
    return round(figure) if abs(figure) >= 1000 else float(f"{figure:.4g}")


def main(benchmarks: Mapping[str, Benchmark], description: str | None = None) -> None:
    """The command line of a benchmark, or of all of them: run, then print every row."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    if len(benchmarks) > 1:
        parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(benchmarks)}; all when none")
    given = parser.parse_args()
    names = getattr(given, "names", None) or list(benchmarks)
    if unknown := set(names) - set(benchmarks):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(benchmarks)}")
    # SIGTERM unwinds like any other end: by default it would leave servers and folders behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows: list[Row] = []
    for name in names:
        with Console(stderr=True).status(f"benchmark {name}"):
            rows.extend(told(benchmarks[name]()))
    print_rows(rows, as_json=given.json)


def told(rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, each told on standard error as it comes: a run that is broken off has said what it found."""
    for row in rows:
        document = row.document()
        compared = f", {document['ratio']} of {document['baseline']}" if row.ratio is not None else ""
        print(f"{row.what}: {document['ours']} {row.unit}{compared} ({row.note})", file=sys.stderr, flush=True)
        yield row


def print_rows(rows: Iterable[Row], *, as_json: bool) -> None:
    """Print rows as a table, or as one JSON object."""
    documents = [row.document() for row in rows]
    if as_json:
        print(json.dumps({"rows": documents}, indent=2))
        return
    table = Table("what", "ours", "baseline", "ratio", "goal", "holds", "unit", "baseline is", "note")
    for row, document in zip(rows, documents, strict=True):
        goal = "" if row.goal is None else f"{'<=' if row.at_most else '>='} {row.goal:.3g}"
        holds = {True: "[green]yes", False: "[red]no", None: ""}[row.holds]
        figures = (_shown(document[name]) for name in ("ours", "baseline", "ratio"))
        table.add_row(row.what, *figures, goal, holds, row.unit, row.baseline_name or "", row.note)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,}"
