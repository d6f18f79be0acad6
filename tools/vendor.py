"""`make vendor`: takes the scripts of other people from npm, each at its exact version, and notes what was taken.

The desk serves these files itself. Nothing is fetched while it runs, and nothing is built.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from dataclasses import asdict, dataclass
from hashlib import sha256, sha512
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "api" / "http" / "pages" / "static" / "vendor"
NOTED = FOLDER / "vendored.json"


@dataclass(frozen=True)
class Vendored:
    """A file of somebody else's."""

    package: str
    version: str
    licence: str
    integrity: str
    """SHA-512 of the package, as npm states it."""
    taken: str
    """The path in the package."""
    file: str
    sha256: str


def vendored() -> list[Vendored]:
    """The files that are here, as noted."""
    return [Vendored(**each) for each in json.loads(NOTED.read_text("utf-8"))]


def renew(noted: Vendored) -> Vendored:
    """Take a file from its package anew. Raises ValueError where npm gives another package than the one noted."""
    with tempfile.TemporaryDirectory() as folder:
        told = _npm("pack", f"{noted.package}@{noted.version}", "--json", "--pack-destination", folder)
        content = (Path(folder) / json.loads(told)[0]["filename"]).read_bytes()
        integrity = f"sha512-{b64encode(sha512(content).digest()).decode()}"
        stated = json.loads(_npm("view", f"{noted.package}@{noted.version}", "dist.integrity", "--json"))
        if integrity != stated or noted.integrity not in ("", integrity):
            raise ValueError(f"{noted.package}@{noted.version} is not the package that was noted: {integrity}")
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
            taken, licence = (package.extractfile(f"package/{name}") for name in (noted.taken, "LICENSE"))
            assert taken is not None
            assert licence is not None
            code = taken.read()
            (FOLDER / noted.file).write_bytes(code)
            (FOLDER / f"{noted.file.partition('.')[0]}.LICENSE.txt").write_bytes(licence.read())
    return Vendored(**{**asdict(noted), "integrity": integrity, "sha256": sha256(code).hexdigest()})


def _npm(*command: str) -> str:
    return subprocess.run(["npm", *command], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    renewed = [asdict(renew(each)) for each in vendored()]
    NOTED.write_text(json.dumps(renewed, indent=2) + "\n", "utf-8")
