"""What a desk is made of, as `make sbom` states it, and what `make audit` says of advisories."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.audit import judged
from tools.vendor import vendored

ROOT = Path(__file__).resolve().parents[2]
SUPPLY = Path(sys.prefix) / "supply" / "bin" / "python"
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.!+-]+)")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The SBOM, as `make sbom` writes it."""
    if not SUPPLY.exists():
        pytest.skip("cyclonedx-bom is not installed (make .venv/.dev does)")
    words = (SUPPLY, "-m", "tools.sbom")
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def locked() -> dict[str, set[str]]:
    """The hashes of each package of the lock, by its address."""
    found, last = dict[str, set[str]](), ""
    for line in (ROOT / "requirements" / "run.txt").read_text("utf-8").splitlines():
        if pinned := PINNED.match(line):
            last = f"pkg:pypi/{re.sub('[-_.]+', '-', pinned[1]).lower()}@{pinned[2]}"
            found[last] = set()
        found[last] |= set(re.findall(r"sha256:(\w+)", line))
    return found


def test_it_lists_every_locked_package_with_its_hashes_and_every_vendored_script(document: dict[str, Any]) -> None:
    listed = {
        each["purl"]: {
            digest["content"]
            for place in (each, *each.get("externalReferences", []))
            for digest in place.get("hashes", [])
        }
        for each in document["components"]
    }
    scripts = {f"pkg:npm/{each.package}@{each.version}": {each.sha256} for each in vendored()}
    assert listed == locked() | scripts
    assert all(listed.values())
    assert len(listed) > 60


def test_every_package_that_is_installed_has_a_licence(document: dict[str, Any]) -> None:
    assert [
        each["name"] for each in document["components"] if not each.get("licenses") and each.get("scope") != "optional"
    ] == []


def test_what_depends_on_what_is_in_it(document: dict[str, Any]) -> None:
    refs = {each["bom-ref"] for each in document["components"]}
    needed = {each["ref"]: set(each["dependsOn"]) for each in document["dependencies"]}
    assert set.union(*needed.values()) <= refs
    assert "starlette" in {
        ref.split("==")[0] for ref in needed[next(ref for ref in refs if ref.startswith("fastapi=="))]
    }
    assert needed[document["metadata"]["component"]["bom-ref"]]


def test_a_document_that_is_no_cyclonedx_is_not_written(document: dict[str, Any]) -> None:
    check = "import json, sys; from tools.sbom import checked; checked(json.load(sys.stdin))"
    little = {**document, "components": [], "dependencies": []}
    for given, refused in ((little, False), ({**little, "components": [{"name": "of no type"}]}, True)):
        words = (SUPPLY, "-c", check)
        done = subprocess.run(words, cwd=ROOT, input=json.dumps(given), text=True, capture_output=True, check=False)
        assert ("this is no CycloneDX" in done.stderr) == refused, done.stderr


GOOD: dict[str, Any] = {"name": "anyio", "version": "4", "vulns": []}
BAD = {"name": "jinja2", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "six", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([GOOD], 0, ["1 packages, no advisory"]),
        ([GOOD, BAD], 1, ["jinja2 1: PYSEC-1, fixed in 2"]),
        ([GOOD, UNKNOWN], 2, ["NOT AUDITED: 1 of 2 packages: not found"]),
        ([UNKNOWN], 2, ["NOT AUDITED: no database of advisories is reached: not found"]),
        ([BAD, UNKNOWN], 1, ["jinja2 1: PYSEC-1, fixed in 2", "NOT AUDITED: 1 of 2 packages: not found"]),
    ],
)
def test_an_audit_says_what_it_found_and_what_it_could_not_look_up(
    packages: list[dict[str, Any]], code: int, said: list[str]
) -> None:
    assert judged(json.dumps({"dependencies": packages}), "") == (code, said)


def test_an_audit_that_reaches_no_database_says_so() -> None:
    said = "NOT AUDITED: no database of advisories is reached: ConnectionError: no route"
    assert judged("", "Traceback\nConnectionError: no route\n") == (2, [said])
