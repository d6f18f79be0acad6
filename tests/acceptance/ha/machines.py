"""Three machines on loopback addresses of their own: etcd, Patroni and PostgreSQL on each, from the files in deploy/ha."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg
import yaml
from psycopg.conninfo import make_conninfo

from infrastructure.postgres.embedded.account import account_for
from infrastructure.postgres.embedded.programs import copied, find_binaries

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy" / "ha"
PATRONI = ROOT / ".venv" / "patroni"
"""Where `make` installs Patroni, apart from everything else."""
PASSWORD = "not-a-secret"
_HOSTS = {"one": "127.0.0.11", "two": "127.0.0.12", "three": "127.0.0.13"}
_START = 600.0
"""Seconds until a cluster or a desk must be there, on a machine that has other work."""
T = TypeVar("T")


def missing() -> str | None:
    """What the cluster needs and this machine lacks, in words; None where all is there."""
    programs = [name for name in ("etcd", "haproxy") if shutil.which(name, path=_PATH) is None]
    if programs:
        return f"not installed: {', '.join(programs)} (Debian: etcd-server, haproxy)"
    if importlib.util.find_spec("patroni", None) is None and not (PATRONI / "patroni").is_dir():
        return f"Patroni is not in {PATRONI.relative_to(ROOT)} (make .venv/.dev)"
    if sys.platform != "linux":
        return "only Linux gives every machine a loopback address of its own"
    return None


_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def awaited(what: str, look: Callable[[], T | None], seconds: float = _START, every: float = 0.1) -> T:
    """What a look finds at last. Fails after so many seconds: a deadline, and no measure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(httpx.HTTPError, psycopg.OperationalError, OSError):
            if (found := look()) is not None:
                return found
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def free_port() -> int:
    """A port that is free on every address of this machine."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@dataclass
class Ports:
    """One port for each service: every machine has an address of its own."""

    postgres: int = field(default_factory=free_port)
    patroni: int = field(default_factory=free_port)
    etcd: int = field(default_factory=free_port)
    peers: int = field(default_factory=free_port)
    write: int = field(default_factory=free_port)
    read: int = field(default_factory=free_port)


class Machine:
    """A machine of the cluster, whose power can be cut."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster, self.name, self.host = cluster, name, _HOSTS[name]
        self.data = cluster.folder / name / "postgres"
        self._etcd: subprocess.Popen[bytes] | None = None
        self._patroni: subprocess.Popen[bytes] | None = None
        for part in (cluster.folder / name, cluster.folder / name / "sockets", self.data):
            part.mkdir(mode=0o700)
            os.chown(part, cluster.account.uid, cluster.account.gid)

    @property
    def conninfo(self) -> str:
        """A superuser's connection to this machine's server, whatever its role is."""
        return self._cluster.conninfo("postgres", hosts=(self.host,), target_session_attrs="any")

    def start(self) -> None:
        """Start what does not run: etcd, and Patroni, which starts PostgreSQL."""
        cluster, ports = self._cluster, self._cluster.ports
        if self._etcd is None:
            peers = ",".join(f"{name}=http://{host}:{ports.peers}" for name, host in _HOSTS.items())
            etcd = {
                "ETCD_NAME": self.name,
                "ETCD_DATA_DIR": str(cluster.folder / self.name / "etcd"),
                "ETCD_LISTEN_CLIENT_URLS": f"http://{self.host}:{ports.etcd}",
                "ETCD_ADVERTISE_CLIENT_URLS": f"http://{self.host}:{ports.etcd}",
                "ETCD_LISTEN_PEER_URLS": f"http://{self.host}:{ports.peers}",
                "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"http://{self.host}:{ports.peers}",
                "ETCD_INITIAL_CLUSTER": peers,
                "ETCD_INITIAL_CLUSTER_STATE": "new",
            }
            self._etcd = cluster.spawn(f"{self.name}-etcd", ("etcd",), etcd)
        if self._patroni is None:
            patroni = {
                "PATRONI_NAME": self.name,
                "PATRONI_ETCD3_HOSTS": ",".join(f"{host}:{ports.etcd}" for host in _HOSTS.values()),
                "PATRONI_RESTAPI_LISTEN": f"{self.host}:{ports.patroni}",
                "PATRONI_RESTAPI_CONNECT_ADDRESS": f"{self.host}:{ports.patroni}",
                "PATRONI_POSTGRESQL_LISTEN": f"{self.host}:{ports.postgres}",
                "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"{self.host}:{ports.postgres}",
                "PATRONI_POSTGRESQL_DATA_DIR": str(self.data),
                "PATRONI_POSTGRESQL_BIN_DIR": str(cluster.binaries),
                "PATRONI_POSTGRESQL_PGPASS": str(cluster.folder / self.name / "pgpass"),
                "PATRONI_SUPERUSER_PASSWORD": PASSWORD,
                "PATRONI_REPLICATION_PASSWORD": PASSWORD,
                "PATRONI_REWIND_PASSWORD": PASSWORD,
                "PYTHONPATH": str(PATRONI),
            }
            command = (sys.executable, "-W", "ignore", "-m", "patroni", str(cluster.folder / "patroni.yml"))
            self._patroni = cluster.spawn(f"{self.name}-patroni", command, patroni)

    def cut_power(self) -> None:
        """Kill Patroni, PostgreSQL and etcd at once, as a machine that is gone: nothing is flushed, nobody says farewell."""
        doomed = [process for process in (self._patroni, self._etcd) if process is not None]
        servers = self.servers()
        for each in (*doomed, *servers):
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        for process in doomed:
            process.wait()
        psutil.wait_procs(servers, timeout=30)
        self._patroni = self._etcd = None

    def servers(self) -> list[psutil.Process]:
        """The processes of this machine's PostgreSQL, the first one first."""
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            first = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            if "postgres" in first.name():
                return [first, *first.children(recursive=True)]
        return []

    def patroni(self, path: str = "patroni") -> dict[str, Any]:
        """What Patroni says of this machine. Raises httpx.HTTPError."""
        said: dict[str, Any] = httpx.get(f"http://{self.host}:{self._cluster.ports.patroni}/{path}", timeout=5).json()
        return said


class Cluster:
    """Three machines, and HAProxy before them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ports = folder, Ports()
        self.account = account_for(folder)
        binaries = find_binaries(None)
        self.binaries = binaries if self.account.may_run(binaries) else copied(binaries, folder)
        self._write_settings()
        self.machines = [Machine(self, name) for name in _HOSTS]
        self._haproxy: subprocess.Popen[bytes] | None = None

    def _write_settings(self) -> None:
        """The file of deploy/ha, but for the sockets: those of this cluster lie apart, and PostgreSQL listens to nobody there."""
        settings = yaml.safe_load((DEPLOY / "patroni.yml").read_text(encoding="utf-8"))
        settings["postgresql"]["parameters"] = {"unix_socket_directories": ""}
        (self.folder / "patroni.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def spawn(self, name: str, command: tuple[str, ...], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program as the account that PostgreSQL runs as."""
        if self.account.instead_of_root:
            # PostgreSQL refuses to run as root. That account may not reach root's own Python without this capability.
            ids = (f"--reuid={self.account.uid}", f"--regid={self.account.gid}", "--clear-groups")
            command = ("setpriv", *ids, "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", *command)
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": _PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC", **variables},
                start_new_session=True,
            )

    def start(self) -> None:
        """Start everything, and wait for a leader whose two replicas follow it."""
        for machine in self.machines:
            machine.start()
        variables = {name.upper(): host for name, host in _HOSTS.items()} | {
            "DESK_WRITE": f"127.0.0.1:{self.ports.write}",
            "DESK_READ": f"127.0.0.1:{self.ports.read}",
            "POSTGRES_PORT": str(self.ports.postgres),
            "PATRONI_PORT": str(self.ports.patroni),
        }
        self._haproxy = self.spawn("haproxy", ("haproxy", "-db", "-f", str(DEPLOY / "haproxy.cfg")), variables)
        awaited("three members", lambda: True if len(self.followers(self.leader())) == 2 else None)

    def leader(self) -> Machine:
        """The machine that takes writes. Raises LookupError while there is none."""
        for machine in self.machines:
            with suppress(httpx.HTTPError):
                if machine.patroni().get("role") == "primary":
                    return machine
        raise OSError("there is no leader")

    def followers(self, leader: Machine) -> list[str]:
        """The names of the machines that stream from a leader."""
        with psycopg.connect(leader.conninfo) as superuser:
            rows = superuser.execute("SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'")
            return sorted(name for (name,) in rows if name in _HOSTS)  # not those that are still being copied

    def conninfo(self, user: str, hosts: tuple[str, ...] = tuple(_HOSTS.values()), **given: Any) -> str:
        """How libpq finds the leader among all machines; other ``given`` parameters find another one."""
        return make_conninfo(
            "",
            host=",".join(hosts),
            port=self.ports.postgres,
            user=user,
            password=PASSWORD,
            **{"dbname": "postgres", "target_session_attrs": "read-write", **given},
        )

    def change(self, settings: Mapping[str, Any]) -> None:
        """Change the settings of the whole cluster, as `patronictl edit-config --apply` does."""
        leader = self.leader()
        httpx.patch(f"http://{leader.host}:{self.ports.patroni}/config", json=settings).raise_for_status()

    def stop(self) -> None:
        """Stop everything that was started."""
        if self._haproxy is not None:
            self._haproxy.kill()
            self._haproxy.wait()
        for machine in self.machines:
            machine.cut_power()  # nothing of it is kept

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in sorted(self.folder.glob("*.log"))
        )


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster at work; the ends of its logs are printed where it fails."""
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    except BaseException:
        sys.stdout.write(cluster.logs())
        raise
    finally:
        cluster.stop()
