"""`make sbom`: what a desk is made of, as CycloneDX: each package of `requirements/run.txt` and each script in the pages.

The library names licences and dependencies of what is installed; the hashes are those of the lock. Run by the Python of
`.venv/supply`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion  # type: ignore[import-not-found]  # in .venv/supply
from cyclonedx.validation.json import JsonStrictValidator  # type: ignore[import-not-found]

from tools.vendor import vendored

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "run.txt"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==([^\s;]+)((?:.*\\\n)*.*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_UNDECLARED = {"imapclient": "BSD-3-Clause"}
"""Licences that stand in a package's COPYING alone. A test says which are missing here."""


def sbom() -> dict[str, Any]:
    """The document. Raises ValueError where it is not as its schema says."""
    words = [
        "--no-validate",
        "--sv",
        "1.6",
        "--output-reproducible",
        "--pyproject",
        "pyproject.toml",
        ".venv/bin/python",
    ]
    made = subprocess.run(
        (sys.executable, "-m", "cyclonedx_py", "environment", *words), cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    document: dict[str, Any] = json.loads(made)
    known = {(_normal(each["name"]), each["version"]): each for each in document["components"]}
    packages = [_package(known, *pinned.groups()) for pinned in _PINNED.finditer(LOCK.read_text("utf-8"))]
    ours = {each["bom-ref"] for each in packages} | {document["metadata"]["component"]["bom-ref"]}
    dependencies = [
        {**each, "dependsOn": [ref for ref in each.get("dependsOn", []) if ref in ours]}
        for each in document["dependencies"]
        if each["ref"] in ours
    ]
    return checked(document | {"components": [*packages, *_scripts()], "dependencies": dependencies})


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document. Raises ValueError where it is not as the schema of CycloneDX 1.6 says."""
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)):
        raise ValueError(f"this is no CycloneDX: {error}")
    return document


def _package(known: dict[tuple[str, str], dict[str, Any]], name: str, version: str, rest: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{_normal(name)}@{version}"
    # What another platform needs is in the lock, and not installed here.
    found = known.get((_normal(name), version)) or {
        "type": "library",
        "name": name,
        "bom-ref": purl,
        "scope": "optional",
    }
    if undeclared := _UNDECLARED.get(_normal(name)):
        found["licenses"] = [{"license": {"id": undeclared}}]
    hashes = [{"alg": "SHA-256", "content": each} for each in _HASH.findall(rest)]
    files = {"type": "distribution", "url": purl, "comment": "the files that are accepted", "hashes": hashes}
    references = [*found.get("externalReferences", []), files]
    return {**found, "version": version, "purl": purl, "externalReferences": references}


def _scripts() -> list[dict[str, Any]]:
    return [
        {
            "type": "library",
            "name": each.package,
            "version": each.version,
            "bom-ref": f"pkg:npm/{each.package}@{each.version}",
            "purl": f"pkg:npm/{each.package}@{each.version}",
            "licenses": [{"license": {"id": each.licence}}],
            "hashes": [{"alg": "SHA-256", "content": each.sha256}],
        }
        for each in vendored()
    ]


def _normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    json.dump(sbom(), sys.stdout, indent=2, sort_keys=True)
