"""README.md and docs/tour.md as a newcomer pastes them: each block of commands prints what the page shows after it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

from tests.acceptance.operating import ENVIRONMENT, Served, folder, served

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "http://127.0.0.1:8000"
MARK = "----- the next block -----"
FENCE = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
__all__ = ["folder", "served"]


def blocks(text: str) -> dict[str, str]:
    """The blocks of commands, in order, and what the page shows of each: `...` stands for anything."""
    found = dict[str, str]()
    commands = ""
    for kind, block in FENCE.findall(text):
        if kind == "sh":
            commands = block
        found[commands] = "" if kind == "sh" else block
    return found


def check(text: str, desk: Served) -> None:
    """Run the blocks of a page one after the other in one shell, and compare what each prints."""
    shown = blocks(text)
    script = "\n".join(f"echo '{MARK}'\n{commands}" for commands in shown)
    script = script.replace("$CHECKOUT/.venv/bin", ".venv/bin").replace(".venv/bin", str(Path(sys.executable).parent))
    told = subprocess.run(
        ["bash", "-eu", "-c", script.replace(ADDRESS, desk.url)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
        cwd=ROOT,
        env={**ENVIRONMENT, "CASELEDGER_DATA_DIR": str(desk.folder), "PATH": os.environ["PATH"]},
    )
    assert told.returncode == 0, told.stdout[-4000:]
    printed = told.stdout.split(f"{MARK}\n")[1:]
    wrong = [
        f"{commands}printed\n{got}and not\n{expected}"
        for (commands, expected), got in zip(shown.items(), printed, strict=True)
        if not OutputChecker().check_output(expected, got, ELLIPSIS)
    ]
    assert not wrong, "\n\n".join(wrong)


def test_the_readme_prints_what_it_shows(served: Served) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    check(readme[readme.index("## Log a case") : readme.index("## Start here")], served)


def test_the_tour_prints_what_it_shows(served: Served) -> None:
    check((ROOT / "docs" / "tour.md").read_text(encoding="utf-8"), served)


def test_the_tour_goes_through_every_clause() -> None:
    topics = re.findall(r'"topic": "case\.(\w+)"', (ROOT / "docs" / "tour.md").read_text(encoding="utf-8"))
    assert {"logged", "triaged", "prioritized", "diagnosed", "known_errors_searched", "assigned", "accepted"} <= {
        *topics
    }
    assert {"major_declared", "linked", "verified", "notified", "disputed", "reopened", "closed"} <= {*topics}
