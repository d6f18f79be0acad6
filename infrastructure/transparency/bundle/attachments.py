"""The files of a case in its bundle, each under a name of its own that is safe on any disk.

The names follow from the disclosures alone, so that whoever checks a bundle knows which files it must have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from application.cases.attachments import harmless_name, unique_name
from domain.values import DisclosureKind

FOLDER = "files/"


def names_of(disclosures: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    """By the digest of its disclosure: each file's name in the bundle, and the SHA-256 of its bytes in hex."""
    names: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    for disclosure in disclosures:
        if disclosure["kind"] == DisclosureKind.ATTACHMENT:
            value = json.loads(disclosure["value"])
            name = unique_name(harmless_name(str(value["name"])), taken)
            names[disclosure["digest"]] = (FOLDER + name, str(value["sha256"]))
    return names


def with_contents(disclosures: Sequence[Mapping[str, str]], rows: Iterable[tuple[bytes, bytes]]) -> dict[str, bytes]:
    """The files by their names in the bundle. A row is a disclosure's digest and its file's content."""
    names = names_of(disclosures)
    contents = {digest.hex(): bytes(content) for digest, content in rows}
    return {name: contents[digest] for digest, (name, _) in names.items() if digest in contents}


def check_files(files: Mapping[str, bytes], disclosures: Any) -> tuple[list[str], list[str]]:
    """Findings and notes. A bundle has all files of the case or none, each as its disclosure says, and no others."""
    expected = dict(names_of(disclosures).values())
    given = {name: content for name, content in files.items() if name.startswith(FOLDER)}
    if not given:
        notes = [f"{len(expected)} files of the case are not in the bundle (--files): their bytes were not checked"]
        return [], notes if expected else []
    findings = [f"{name} is missing" for name in expected if name not in given]
    for name, content in given.items():
        if name not in expected:
            findings.append(f"{name!a} is no file of the case")
        elif sha256(content).hexdigest() != expected[name]:
            findings.append(f"{name!a} does not match its disclosure")
    return findings, []
