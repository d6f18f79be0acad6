"""How fast the history of another desk is imported, views and seal caught up: row `import_rows_per_s`.

The log has the form of ServiceNow's incident event log: 36 columns, a row after each update, six or seven rows an incident.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from api.cli.options import database_of, settings_of
from application.imports.mapping import shipped_mapping
from benchmarks.machine import ROOT, scratch
from benchmarks.rows import Row, main

CASES = 8_000
GOAL = 5_000
_SEED = 498
_FIRST = datetime(2016, 1, 4, 8, 0)  # noqa: DTZ001 - the log's times have no zone
_WORK = ("New", "Active", "Active", "Active", "Awaiting User Info", "Active")


def rows(cases: int = CASES) -> Iterator[Row]:
    """The row of a fresh desk, which runs already: its making is not counted."""
    with scratch() as folder, database_of(settings_of(folder, None), making=True):
        log = folder / "log.csv"
        written = write_log(log, cases)
        command = (sys.executable, "-m", "api.cli", "import", "servicenow", str(log), "--timezone", "UTC", "--json")
        done = subprocess.run((*command, "--data-dir", str(folder)), cwd=ROOT, check=True, capture_output=True)
        told = json.loads(done.stdout)
        note = f"{written:,} rows, {told['events']:,} events, with views and seal"
        yield Row("import_rows_per_s", told["imported_rows"] / told["seconds"], "1/s", goal=GOAL, note=note)


def write_log(file: Path, cases: int) -> int:
    """Write a log of some cases. Returns its rows. The same number of cases is the same log."""
    columns, chance, written = shipped_mapping("servicenow").columns, Random(_SEED), 0
    with file.open("w", encoding="utf-8", newline="") as text:
        table = csv.DictWriter(text, columns, restval="?")
        table.writeheader()
        for number in range(cases):
            for row in _case(number, chance):
                table.writerow(row)
                written += 1
    return written


def _case(number: int, chance: Random) -> Iterator[dict[str, str]]:
    """The rows of a case. What is known at its end stands in each."""
    at = _FIRST + timedelta(minutes=3 * number)
    states = (*_WORK[: chance.randint(2, len(_WORK))], "Resolved", "Closed")
    ends = _written(at + timedelta(hours=6 * len(states)))
    impact, urgency = chance.choice(("1 - High", "2 - Medium", "3 - Low")), "2 - Medium"
    same = {
        "number": f"INC{number:07}",
        "caller_id": f"Caller {chance.randrange(3_000)}",
        "opened_by": f"Opened by  {chance.randrange(200)}",
        "opened_at": _written(at),
        "contact_type": "Phone",
        "location": f"Location {chance.randrange(200)}",
        "category": f"Category {chance.randrange(60)}",
        "subcategory": f"Subcategory {chance.randrange(200)}",
        "u_symptom": f"Symptom {chance.randrange(500)}",
        "impact": impact,
        "urgency": urgency,
        "priority": {"1": "2 - High", "2": "3 - Moderate", "3": "4 - Low"}[impact[0]],
        "knowledge": "false",
        "u_priority_confirmation": "true",
        "notify": "Do Not Notify",
        "closed_code": "code 6",
        "resolved_by": f"Resolved by {chance.randrange(200)}",
        "resolved_at": ends,
        "closed_at": ends,
    }
    group = f"Group {chance.randrange(70)}"
    for place, state in enumerate(states):
        yield {
            **same,
            "incident_state": state,
            "active": str(state != "Closed").lower(),
            "reassignment_count": str(place // 3),
            "reopen_count": "0",
            "sys_mod_count": str(place),
            "made_sla": "true",
            "sys_updated_by": f"Updated by {chance.randrange(800)}",
            "sys_updated_at": _written(at + timedelta(hours=6 * place, minutes=chance.randrange(60))),
            "assignment_group": group,
            "assigned_to": f"Resolver {chance.randrange(200)}",
        }


def _written(at: datetime) -> str:
    return f"{at.day}/{at.month}/{at.year} {at:%H:%M}"


def measure() -> Iterator[Row]:
    """The rows of the benchmark."""
    return rows()


if __name__ == "__main__":
    main({"imports": measure}, __doc__)
