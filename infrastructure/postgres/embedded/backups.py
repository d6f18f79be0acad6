"""Backups of the embedded server: full ones, and incremental ones on top, in a folder elsewhere.

PostgreSQL's own programs do the work. `pg_basebackup` copies the running server, `pg_combinebackup` puts a full backup
and its increments together, and `pg_verifybackup` compares every file with the manifest: when a backup is made, and
before it is used. What was broken off never bears a backup's name.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from infrastructure.files import sync_folder, write_new
from infrastructure.postgres.embedded.account import Account, account_for, open_way
from infrastructure.postgres.embedded.cluster import has_cluster
from infrastructure.postgres.embedded.programs import copied, find_binaries, version_of
from infrastructure.postgres.embedded.server import alone

_ABOUT = "backup.json"
_COPIED = re.compile(r"(\d+)/(\d+) kB")
_TOLD = 4_000
"""Characters of a program's last words that an error repeats."""
Advance = Callable[[int, int], None]
"""Is told how many kB are copied, and of how many."""


class BackupFailed(Exception):
    """A backup cannot be made, or cannot be used. The message says why."""


@dataclass(frozen=True)
class Backup:
    """A backup, as its folder describes it."""

    name: str
    """The moment when it began, in UTC. Names sort by time."""
    base: str | None
    """The backup that it is an increment of; None for a full one."""
    position: int
    """The last event that was sealed when it began. The backup holds the record up to its own end, so this at least."""
    checkpoint: str | None
    """The signed note that was the latest when it began: what was restored from it must continue that."""
    release: str
    """The release of Caseledger that made it."""


class Backups:
    """The backups in a folder. One program at a time works on them."""

    def __init__(self, folder: Path, binaries: Path | None = None) -> None:
        self.folder, self._binaries = folder.resolve(), find_binaries(binaries)

    def listed(self) -> list[Backup]:
        """All of them, oldest first. Raises BackupFailed where a description cannot be read."""
        return [_described(about.parent) for about in sorted(self.folder.glob(f"*/{_ABOUT}")) if _is_name(about.parent)]

    def take(self, conninfo: str, data_dir: Path, about: Backup, advance: Advance) -> None:
        """Make a backup of a running server. Raises BackupFailed, ServerUnavailable, OSError; then there is none."""
        account = account_for(data_dir.resolve())
        if self.folder.is_relative_to(data_dir.resolve()):
            raise BackupFailed(f"{self.folder} is in the data directory: what destroys that would destroy its backup")
        open_way(self.folder, account)
        with self._alone(), self._side(account) as side:
            command: list[str | Path] = [
                *("pg_basebackup", "-d", _superuser(conninfo), "-D", side / "cluster", "--progress", "--no-password"),
                *("--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256", "--label", about.name),
            ]
            if about.base is not None:
                command += ["--incremental", self.folder / about.base / "cluster" / "backup_manifest"]
            self._run(account, data_dir, command, advance)
            self._verify(account, data_dir, side / "cluster")
            write_new(side / _ABOUT, json.dumps(asdict(about), indent=1) + "\n", 0o644)
            side.rename(self.folder / about.name)
            sync_folder(self.folder)

    def restore(self, chain: Sequence[Backup], data_dir: Path) -> None:
        """Put the server's data of a backup into a data directory that has none.

        ``chain`` is the full backup and its increments up to the one that is wanted. The server recovers at its next start,
        on a timeline of its own, so that nothing takes what it writes for what was written before. Raises BackupFailed, OSError.
        """
        account = account_for(data_dir.resolve())
        open_way(data_dir.resolve(), account)
        with alone(data_dir), self._alone():
            if has_cluster(data_dir):
                raise BackupFailed(f"{data_dir} holds a desk already; move {data_dir}/cluster away first")
            parts = [self.folder / each.name / "cluster" for each in chain]
            self._check_release(parts[-1])
            for part in parts:
                self._verify(account, data_dir, part)
            side = _made_for(account, data_dir.resolve())
            try:
                made = side / "cluster"
                self._run(account, data_dir, ["pg_combinebackup", "--manifest-checksums=SHA256", "-o", made, *parts])
                self._verify(account, data_dir, made)
                _recover_at_start(made, account)
                made.rename(data_dir / "cluster")
                sync_folder(data_dir)
            finally:
                shutil.rmtree(side)

    def chain_of(self, name: str | None) -> list[Backup]:
        """A full backup and its increments up to the one of that name, else up to the latest. Raises BackupFailed."""
        known = {each.name: each for each in self.listed()}
        wanted = known.get(name or max(known, default=""))
        if wanted is None:
            raise BackupFailed(
                f"there is no backup {name or ''} in {self.folder}; there are: {', '.join(known) or 'none'}"
            )
        chain = [wanted]
        while (base := chain[0].base) is not None:
            if base not in known:
                raise BackupFailed(f"{chain[0].name} is an increment of {base}, which {self.folder} lacks")
            chain.insert(0, known[base])
        return chain

    def forget(self, keep: int) -> list[str]:
        """Delete the oldest full backups with their increments until so many full ones are left. Returns their names."""
        with self._alone():
            known = self.listed()
            full = [each.name for each in known if each.base is None]
            if len(full) <= keep:
                return []
            oldest = full[len(full) - keep]
            gone = [each.name for each in known if each.name < oldest]
            for name in reversed(gone):  # an increment before its base
                shutil.rmtree(self.folder / name)
            return gone

    def _check_release(self, cluster: Path) -> None:
        made, here = (cluster / "PG_VERSION").read_text().strip(), (version_of(self._binaries) or "").split(".")[0]
        if made != here:
            raise BackupFailed(
                f"the backup is of PostgreSQL {made}, and this is {here}: let CASELEDGER_PG_BIN name a {made}"
            )

    def _verify(self, account: Account, data_dir: Path, cluster: Path) -> None:
        self._run(account, data_dir, ["pg_verifybackup", "--quiet", cluster])

    def _run(
        self, account: Account, data_dir: Path, command: Sequence[str | Path], advance: Advance = lambda *_: None
    ) -> None:
        """Run a program as the server's account. Raises BackupFailed with its last words."""
        programs = self._binaries if account.may_run(self._binaries) else copied(self._binaries, data_dir)
        said = ""
        with account.spawn(subprocess.PIPE, programs / command[0], *command[1:]) as process:
            assert process.stdout is not None
            while read := os.read(process.stdout.fileno(), 65_536):
                said = (said + read.decode(errors="replace"))[-_TOLD:]
                if told := _COPIED.findall(said):
                    advance(*map(int, told[-1]))
        if process.returncode != 0:
            words = said.replace("\r", "\n").strip().removeprefix(f"{command[0]}: ")
            raise BackupFailed(f"{command[0]}: {words or f'exit code {process.returncode}'}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupFailed(f"another program works on the backups in {self.folder}") from None
            yield

    @contextmanager
    def _side(self, account: Account) -> Iterator[Path]:
        """A folder for what becomes a backup, or nothing. What a killed one left is deleted."""
        for left in self.folder.glob(".new-*"):
            shutil.rmtree(left)
        side = _made_for(account, self.folder)
        try:
            yield side
        finally:
            shutil.rmtree(side, ignore_errors=True)


def _made_for(account: Account, parent: Path) -> Path:
    side = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    os.chown(side, account.uid, account.gid)
    return side


def _recover_at_start(cluster: Path, account: Account) -> None:
    """Let the server recover what the backup's own log holds, and then begin a new timeline."""
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\n")
    (cluster / "recovery.signal").touch(mode=0o600)
    os.chown(cluster / "recovery.signal", account.uid, account.gid)


def _superuser(conninfo: str) -> str:
    """The connection string without the database, which a backup has none of."""
    given = conninfo_to_dict(conninfo)
    return " ".join(f"{name}={given[name]}" for name in ("host", "port", "user"))


def _is_name(folder: Path) -> bool:
    return not folder.name.startswith(".")


def _described(folder: Path) -> Backup:
    try:
        return Backup(**json.loads((folder / _ABOUT).read_text()))
    except (ValueError, TypeError, OSError) as error:
        raise BackupFailed(f"{folder / _ABOUT} cannot be read: {error}") from error
