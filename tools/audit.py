"""`make audit`: asks for advisories of every package that is locked. pip-audit asks the JSON API of the package index.

Exit 0: all packages were looked up, and none has an advisory. Exit 1: some have. Exit 2: some could not be looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_TOOL = ROOT / ".venv" / "supply" / "bin" / "pip-audit"
_WORDS = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json")


def main() -> int:
    """Print what was found. Returns the exit code."""
    codes = set[int]()
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        run = subprocess.run((_TOOL, *_WORDS, "-r", lock), capture_output=True, text=True, check=False)
        code, lines = judged(run.stdout, run.stderr)
        codes.add(code)
        for line in lines:
            sys.stdout.write(f"{lock.name}: {line}\n")
    return 1 if 1 in codes else max(codes)


def judged(report: str, complaint: str) -> tuple[int, list[str]]:
    """The exit code for one report of pip-audit, and what to print."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except ValueError:
        last = (complaint.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return 2, [f"NOT AUDITED: no database of advisories is reached: {last}"]
    advisories = [
        f"{each['name']} {each['version']}: {advisory['id']}, fixed in {', '.join(advisory['fix_versions']) or 'none'}"
        for each in packages
        for advisory in each.get("vulns", [])
    ]
    skipped = [each["skip_reason"] for each in packages if "skip_reason" in each]
    if len(skipped) == len(packages):
        return 2, [f"NOT AUDITED: no database of advisories is reached: {skipped[0] if skipped else 'no packages'}"]
    unknown = f"NOT AUDITED: {len(skipped)} of {len(packages)} packages: {skipped[0]}" if skipped else ""
    if advisories or skipped:
        return 1 if advisories else 2, [*advisories, *([unknown] if unknown else [])]
    return 0, [f"{len(packages)} packages, no advisory"]


if __name__ == "__main__":
    sys.exit(main())
