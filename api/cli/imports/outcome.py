"""What an import, or a dry run of it, tells: what was taken, and what a person should look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from api.cli.console import FINDINGS, out, print_json, printable
from application.imports.importer import Imported
from application.imports.rehearsal import Rehearsed
from application.imports.source import Findings
from infrastructure.settings import Settings

_SHOWN = 20
"""Rejected rows that are printed. The file of rejected rows has all of them."""


def tell_imported(done: Imported, findings: Findings, kept: Path | None, seconds: float, *, as_json: bool) -> None:
    """Tell what was imported. Exit 1 with findings."""
    rate = round(findings.rows / seconds)
    document = {
        "rows": findings.rows,
        "imported_rows": done.rows,
        "skipped_rows": done.skipped_rows,
        **_findings(findings),
        "rejected_kept_in": kept,
        "cases": done.cases,
        "events": done.events,
        "position": done.position,
        "seconds": round(seconds, 3),
        "rows_per_second": rate,
    }
    lines = [
        f"{done.rows} rows of {findings.rows} imported: {done.cases} new cases, {done.events} events",
        f"{rate} rows/s with all views and the seal caught up",
        f"{done.skipped_rows} rows had been imported before",
        *_told(findings),
    ]
    if kept:
        lines.append(f"{len(findings.rejected)} rows could not be read; they are kept in {kept}")
    _tell(document, lines, findings, as_json=as_json)


def tell_rehearsed(done: Rehearsed, findings: Findings, *, as_json: bool) -> None:
    """Tell what an import would record. Exit 1 with findings."""
    document = {
        "dry_run": True,
        "rows": findings.rows,
        "imported_rows": done.rows,
        **_findings(findings),
        "cases": done.cases,
        "events": done.events.total(),
        "events_by_topic": dict(sorted(done.events.items())),
        "cases_by_status": dict(sorted(done.statuses.items())),
        "deviations": dict(sorted(done.deviations.items())),
    }
    lines = [
        f"{done.rows} rows of {findings.rows} would become {done.cases} cases and {done.events.total()} events",
        "nothing was recorded; the desk is thought to have none of them yet",
        *(f"{count:>9} {topic}" for topic, count in sorted(done.events.items())),
        *(f"{count:>9} cases end as {status}" for status, count in sorted(done.statuses.items())),
        *(f"{count:>9} deviations: {name}" for name, count in sorted(done.deviations.items())),
        *_told(findings),
    ]
    _tell(document, lines, findings, as_json=as_json)


def keep_rejected(settings: Settings, name: str, findings: Findings) -> Path | None:
    """Keep the rows that could not be read, with the reason; None without any."""
    if not findings.rejected:
        return None
    folder = settings.data_dir / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.rejected.jsonl"
    lines = (json.dumps({"line": line, "why": why, "row": row}) + "\n" for line, why, row in findings.rejected)
    kept.write_text("".join(lines), encoding="utf-8")
    return kept


def _findings(findings: Findings) -> dict[str, Any]:
    return {
        "rejected_rows": len(findings.rejected),
        "backward_rows": findings.backwards,
        "missing_columns": list(findings.missing_columns),
        "unknown_values": [
            {"column": column, "value": value, "rows": rows}
            for (column, value), rows in sorted(findings.unknown.items())
        ],
        "rejected": [{"line": line, "why": why} for line, why, _ in findings.rejected[:100]],
    }


def _told(findings: Findings) -> list[str]:
    return [
        f"{findings.backwards} rows go back in time within their case; kept in file order",
        *(f"the file has no column {name}" for name in findings.missing_columns),
        *(
            f"no word for {column} {value!r} in {rows} rows; kept on the record"
            for (column, value), rows in sorted(findings.unknown.items())
        ),
        *(f"line {line} not imported: {why}" for line, why, _ in findings.rejected[:_SHOWN]),
    ]


def _tell(document: dict[str, Any], lines: list[str], findings: Findings, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        out.print(printable("\n".join(lines)), markup=False)
    if findings.rejected or findings.unknown:
        raise typer.Exit(FINDINGS)
