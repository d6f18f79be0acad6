"""The manifest beside an export: what it is, what it stands on, and the SHA-256 of each of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infrastructure.exports.part_file import Ground
from infrastructure.files import write_atomically


def told_of(ground: Ground) -> dict[str, Any]:
    """What the file itself says, where its form has a place for it."""
    return {"source": f"Caseledger {version('caseledger')}", **asdict(ground)}


def write_manifest(target: Path, form: str, ground: Ground, told: Mapping[str, Any]) -> dict[str, Any]:
    """Write `NAME.manifest.json`. Returns it. Raises OSError."""
    manifest = {"form": form, "name": target.name, **told_of(ground), **told}
    write_atomically(Path(f"{target}.manifest.json"), json.dumps(manifest, indent=2) + "\n")
    return manifest
