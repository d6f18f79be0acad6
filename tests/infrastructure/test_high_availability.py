"""deploy/ha: valid by the programs that read the files, and true to each other. `make ha` starts them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infrastructure.postgres.embedded.programs import find_binaries

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "ha"
PATRONI = ROOT / ".venv" / "patroni"
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def node() -> dict[str, str]:
    """The environment of the first machine, as systemd reads it; its addresses are this machine's."""
    lines = (FOLDER / "node.env").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value.replace("10.0.0.", "127.0.0.1") for name, value in given.items()}


@pytest.mark.skipif(shutil.which("haproxy", path=_PATH) is None, reason="HAProxy is not installed (Debian: haproxy)")
def test_haproxy_takes_its_file() -> None:
    command = ("haproxy", "-c", "-f", str(FOLDER / "haproxy.cfg"))
    told = subprocess.run(command, env={"PATH": _PATH, **node()}, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "WARNING" not in told.stderr


@pytest.mark.skipif(not (PATRONI / "patroni").is_dir(), reason="Patroni is not in .venv/patroni (make .venv/.dev)")
def test_patroni_takes_its_file(tmp_path: Path) -> None:
    given = node() | {
        "PATRONI_POSTGRESQL_BIN_DIR": str(find_binaries(None)),
        "PATRONI_POSTGRESQL_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(PATRONI),
        "PATH": _PATH,
    }
    given |= {name: "not-a-secret" for name in given if name.endswith("_PASSWORD")}
    command = (
        sys.executable,
        "-m",
        "patroni",
        "--validate-config",
        "--ignore-listen-port",
        str(FOLDER / "patroni.yml"),
    )
    with socket.create_server(("127.0.0.1", 0)) as etcd:  # Patroni looks whether somebody listens there
        given["PATRONI_ETCD3_HOSTS"] = f"127.0.0.1:{etcd.getsockname()[1]}"
        told = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_the_asynchronous_settings_change_what_the_cluster_was_made_with() -> None:
    made = yaml.safe_load((FOLDER / "patroni.yml").read_text(encoding="utf-8"))["bootstrap"]["dcs"]
    changed = yaml.safe_load((FOLDER / "asynchronous.yml").read_text(encoding="utf-8"))
    assert changed.keys() <= made.keys()
    assert changed["postgresql"].keys() <= made["postgresql"].keys()
    assert made["loop_wait"] + 2 * made["retry_timeout"] <= made["ttl"]
    assert made["postgresql"]["parameters"]["max_connections"] == 200  # docs/kubernetes.md says what fits in


def test_no_secret_is_in_the_files() -> None:
    assert all(not value for name, value in node().items() if name.endswith("_PASSWORD"))
