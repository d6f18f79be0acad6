"""README's tour as a newcomer pastes it: every block, in order, against a desk of its own."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.operating import ENVIRONMENT, Served, folder, served

ROOT = Path(__file__).resolve().parents[2]
__all__ = ["folder", "served"]


def tour(url: str) -> str:
    """The blocks of the section, for a desk at another address and a `caseledger` that is on the path."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## One incident") : text.index("## A real company's log")]
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    commands = {".venv/bin/caseledger": f"{sys.executable} -m api.cli", ".venv/bin/python": sys.executable}
    return re.sub("|".join(map(re.escape, commands)), lambda found: commands[found[0]], blocks).replace(
        "http://127.0.0.1:8000", url
    )


@pytest.fixture
def said(served: Served) -> str:
    """What the tour prints."""
    given = {**ENVIRONMENT, "CASELEDGER_DATA_DIR": str(served.folder)}
    told = subprocess.run(
        ["bash", "-eu", "-c", tour(served.url)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=ROOT,
        env={**given, "PATH": os.environ["PATH"]},
    )
    assert told.returncode == 0, (told.stdout[-2000:], told.stderr[-2000:])
    return told.stdout


def test_the_tour_goes_through_every_clause(said: str) -> None:
    briefs = [ast.literal_eval(line) for line in said.splitlines() if line.startswith("{'")]
    refusals = [brief["title"] for brief in briefs if "title" in brief]
    assert refusals == [
        "Somebody must decide whether this was reported before",
        "The customer must have verified the resolution",
    ]
    assert briefs[0]["status"] == "resolved", "5.3: referred"
    assert {"status": "closed"}.items() <= briefs[-1].items(), "5.9: closed by itself"
    assert any(
        brief["number"].startswith("PRB-") and brief["status"] == "known_error" for brief in briefs if "number" in brief
    )
    told = [line.split(" ", 3) for line in said.splitlines() if re.match(r"\d+ case\.", line)]
    topics = [topic for _, topic, *_ in told]
    for clause in ("logged", "triaged", "prioritized", "diagnosed", "known_errors_searched", "assigned", "accepted"):
        assert f"case.{clause}" in topics
    for clause in ("major_declared", "linked", "verified", "notified", "disputed", "reopened"):
        assert f"case.{clause}" in topics
    assert told[-1][1:3] == ["case.closed", "system:auto-close"]
    assert "You can dispute" in said
    first = next(brief["number"] for brief in briefs if brief.get("status") == "in_diagnosis")
    assert f"{first} is reopened. We go on with it." in said, "5.9: the link is of the case that was resolved"
    assert f"Subject: {first}" in said or f"{first}: " in said
    assert '"report":"outcomes"' in said
    outcomes = [found["outcome"] for line in said.splitlines() if (found := answer(line)) and "outcome" in found]
    assert outcomes == ["opened", "duplicate", "quarantined", "opened", "recorded"]
    assert '"can":["notes","attachments"]' in said, "the link shows the report"


def answer(line: str) -> dict[str, object]:
    """An answer that is shown as it came."""
    return json.loads(line) if line.startswith('{"') else {}
