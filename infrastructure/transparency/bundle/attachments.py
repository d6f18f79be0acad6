"""The files of a case in its bundle, where they are wanted: each under a name of its own that harms nobody's disk.

Which file has which name follows from the disclosures alone, so that whoever checks a bundle knows what must be there.
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
    """By the digest of its disclosure: a file's name in the bundle, and the SHA-256 of its bytes in hex."""
    names: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    for said in disclosures:
        if said["kind"] == DisclosureKind.ATTACHMENT:
            value = json.loads(said["value"])
            name = unique_name(harmless_name(str(value["name"])), taken)
            names[said["digest"]] = (FOLDER + name, str(value["sha256"]))
    return names


def with_contents(disclosures: Sequence[Mapping[str, str]], rows: Iterable[tuple[bytes, bytes]]) -> dict[str, bytes]:
    """The files by their names in the bundle, from rows of a disclosure's digest and content."""
    names = names_of(disclosures)
    contents = {digest.hex(): bytes(content) for digest, content in rows}
    return {name: contents[digest] for digest, (name, _) in names.items() if digest in contents}


def check_files(files: Mapping[str, bytes], disclosures: Any) -> tuple[list[str], list[str]]:
    """Findings and notes: all files are there or none, each is what its disclosure says, and nothing else is there."""
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
            findings.append(f"{name!a} is not what its disclosure says")
    return findings, []
