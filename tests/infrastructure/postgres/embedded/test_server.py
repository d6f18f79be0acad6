"""The embedded server, against the real one: joining, stopping, and what kill -9 leaves behind."""

import os
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres.embedded import server_log
from infrastructure.postgres.embedded.server import embedded_server, running_server
from tests.infrastructure.postgres.embedded.users import BINARIES, ask, child, execute, server_pid, watched

USER = """
import sys
from pathlib import Path
from infrastructure.postgres.embedded import server_log
from infrastructure.postgres.embedded.server import embedded_server
with embedded_server(Path(sys.argv[1]), binaries=Path(sys.argv[2]), fsync=False):
    print("entered", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_user(data_dir: Path, binaries: Path = BINARIES) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until its input ends."""
    with child(sys.executable, "-c", USER, data_dir, binaries) as process:
        yield process


def has_entered(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "entered\n"


def leave(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None
    process.stdin.close()
    return process.wait(30)


def test_a_server_starts_answers_and_is_gone_afterwards(server_dir: Path) -> None:
    data_dir = server_dir / "new" / 'it\'s "data"'
    with ExitStack() as stack:
        with embedded_server(data_dir, fsync=False) as conninfo:
            assert ask(conninfo, "SELECT 1") == "1"
            assert running_server(data_dir) == conninfo
            process = stack.enter_context(watched(server_pid(data_dir)))
            assert os.getsid(process.pid) != os.getsid(0), "Ctrl-C in the terminal would reach the server"
        assert process.ended(within=0)
    assert running_server(data_dir) is None


def test_the_server_listens_on_no_port_and_its_socket_is_private(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SHOW listen_addresses") == ""
        assert stat.S_IMODE(Path(str(conninfo_to_dict(conninfo)["host"])).stat().st_mode) == 0o700


def test_a_reused_data_directory_keeps_its_data_and_is_durable_by_default(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SHOW fsync") == "off"
        execute(conninfo, "CREATE TABLE kept AS SELECT 7 AS n")
    with embedded_server(server_dir) as conninfo:
        assert [ask(conninfo, f"SHOW {name}") for name in ("fsync", "full_page_writes")] == ["on", "on"]
        assert ask(conninfo, "SELECT n FROM kept") == "7"


def test_the_order_of_text_does_not_depend_on_the_system(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT datlocprovider::text || datlocale FROM pg_database LIMIT 1") == "bC.UTF-8"
        assert ask(conninfo, "SELECT upper('\u00e9') || current_setting('data_checksums')") == "\u00c9on"


def test_the_first_to_leave_does_not_stop_the_server_for_the_second(server_dir: Path) -> None:
    with ExitStack() as second:
        with embedded_server(server_dir, fsync=False) as conninfo:
            process = second.enter_context(watched(server_pid(server_dir)))
            assert second.enter_context(embedded_server(server_dir)) == conninfo
        assert ask(conninfo, "SELECT 1") == "1"
        assert server_pid(server_dir) == process.pid
    assert running_server(server_dir) is None


def test_two_processes_that_enter_at_once_share_one_server(server_dir: Path) -> None:
    with another_user(server_dir) as one, another_user(server_dir) as two:
        assert has_entered(one)
        assert has_entered(two)
        with watched(server_pid(server_dir)) as server:
            assert leave(one) == 0
            assert running_server(server_dir)
            assert leave(two) == 0
            assert server.ended(within=0)


def test_a_server_whose_user_was_killed_is_joined_and_stopped_by_the_next(server_dir: Path) -> None:
    with another_user(server_dir) as killed:
        assert has_entered(killed)
        killed.kill()
        killed.wait()
    with watched(server_pid(server_dir)) as server:
        with embedded_server(server_dir) as conninfo:
            assert ask(conninfo, "SELECT 1") == "1"
            assert server_pid(server_dir) == server.pid
        assert server.ended(within=0)


def test_a_killed_server_is_started_again_with_what_was_committed(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False) as conninfo, psycopg.connect(conninfo):
        execute(conninfo, "CREATE TABLE kept AS SELECT 7 AS n")
        with watched(server_pid(server_dir)) as server:
            server.kill()
        with embedded_server(server_dir, fsync=False) as again:
            assert ask(again, "SELECT n FROM kept") == "7"
    assert running_server(server_dir) is None


def test_a_killed_server_of_a_killed_user_is_started_again(server_dir: Path) -> None:
    with another_user(server_dir) as user:
        assert has_entered(user)
        user.kill()
        user.wait()
    with watched(server_pid(server_dir)) as server:
        server.kill()
    with embedded_server(server_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == "1"


def test_a_pid_reused_by_another_program_is_neither_killed_nor_waited_for(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False) as conninfo, watched(server_pid(server_dir)) as server:
        sockets = Path(str(conninfo_to_dict(conninfo)["host"]))
        server.kill()
    owner = (server_dir / "cluster").stat().st_uid
    with child("sleep", "600", user=owner if os.geteuid() == 0 else None) as foreign:
        for name in (server_dir / "cluster" / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
            name.write_text(name.read_text().replace(str(server.pid), str(foreign.pid), 1))
        assert running_server(server_dir) is None
        with embedded_server(server_dir, fsync=False) as conninfo:
            assert ask(conninfo, "SELECT 1") == "1"
        assert foreign.poll() is None


def test_an_empty_pid_file_does_not_block_the_start(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False):
        pass
    (server_dir / "cluster" / "postmaster.pid").touch()
    with embedded_server(server_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == "1"


def test_a_user_killed_during_initdb_leaves_nothing_half_made(server_dir: Path) -> None:
    data_dir, programs, started = server_dir / "data", server_dir / "programs", server_dir / "started"
    programs.mkdir()
    programs.chmod(0o755)
    (programs / "postgres").symlink_to(BINARIES / "postgres")
    (programs / "initdb").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] || echo $$ >{started}\nexec {BINARIES}/initdb "$@"\n'
    )
    (programs / "initdb").chmod(0o755)
    os.mkfifo(started)
    started.chmod(0o666)

    with (
        started.open("r+b", buffering=0) as pipe,
        another_user(data_dir, programs) as user,
        ExitStack() as stack,
    ):
        assert select.select([pipe], [], [], 30)[0]
        initdb = stack.enter_context(watched(int(pipe.read(20))))
        user.kill()
        user.wait()
        assert not (data_dir / "cluster").exists()
        with embedded_server(data_dir, fsync=False) as conninfo:
            assert ask(conninfo, "SELECT 1") == "1"
        assert initdb.ended(within=10)
    with embedded_server(data_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == "1"
    assert not list(data_dir.glob(".new-*"))


def test_a_large_log_is_turned_while_the_server_writes_it(server_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded_server(server_dir, binaries=BINARIES, fsync=False) as conninfo:
        with pytest.raises(psycopg.errors.SyntaxError):
            execute(conninfo, "early nonsense")
        server_log.turn(server_dir)
        assert "early nonsense" in server_log.path_in(server_dir).read_text(), "it is small"
        monkeypatch.setattr(server_log, "LARGEST", 10)
        server_log.turn(server_dir)
        with pytest.raises(psycopg.errors.SyntaxError):
            execute(conninfo, "late nonsense")
        assert "early nonsense" in (server_dir / "postgres.log.1").read_text()
        now = server_log.path_in(server_dir).read_text()
        assert ("late nonsense" in now, "early nonsense" in now, "\0" in now) == (True, False, False)
