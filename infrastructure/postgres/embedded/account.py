"""The operating system account that a PostgreSQL server runs as, and the folders it may enter."""

import os
import pwd
import stat
import subprocess
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infrastructure.postgres.embedded.programs import ServerUnavailable


@dataclass(frozen=True)
class Account:
    """Our own account, or an unprivileged one where ours is root: PostgreSQL refuses to run as root."""

    uid: int
    gid: int
    instead_of_root: bool

    def spawn(
        self, output: IO[bytes] | int, *command: str | Path, folder: Path = Path("/"), descriptors: Collection[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a program as this account, in a folder. It inherits ``descriptors``. Raises OSError."""
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            pass_fds=descriptors,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},  # no PG* variables, no secrets of ours
            start_new_session=True,  # Ctrl-C is for us: the server is stopped in order
            user=self.uid if self.instead_of_root else None,
            group=self.gid if self.instead_of_root else None,
            extra_groups=[] if self.instead_of_root else None,
        )

    def may_enter(self, folder: Path) -> bool:
        """Whether the folder's permissions let this account pass. Raises OSError."""
        status = folder.stat()
        who = stat.S_IXGRP if status.st_gid == self.gid else stat.S_IXOTH
        return bool(status.st_mode & (stat.S_IXUSR if status.st_uid == self.uid else who))

    def may_run(self, binaries: Path) -> bool:
        """Whether this account can execute the programs of a folder."""
        try:
            with self.spawn(subprocess.DEVNULL, binaries / "initdb", "--version") as process:
                return process.wait() == 0
        except PermissionError:
            return False


def account_for(data_dir: Path) -> Account:
    """The account for a data directory. Raises ServerUnavailable where root finds no other account."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), instead_of_root=False)
    with suppress(FileNotFoundError):
        owner = (data_dir / "cluster").stat()  # an account `postgres` added later cannot use what `nobody` created
        return Account(owner.st_uid, owner.st_gid, instead_of_root=True)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, instead_of_root=True)
    raise ServerUnavailable(f"{data_dir}: the server cannot run as root; add a user `postgres`")


def open_way(folder: Path, account: Account) -> None:
    """Create the folder and its parents where they are missing.

    Raises ServerUnavailable for a folder on the way that is closed to the account.
    """
    for step in (*reversed(folder.parents), folder):
        if not step.exists():
            step.mkdir(exist_ok=True)
            if account.instead_of_root:
                step.chmod(0o711)
        if account.instead_of_root and not account.may_enter(step):
            who = f"the server's user (uid {account.uid})"
            raise ServerUnavailable(f"{step} is closed to {who}; choose a --data-dir outside of it")
