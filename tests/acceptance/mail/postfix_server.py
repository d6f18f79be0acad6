"""A real Postfix to test with, in a folder and on a port of its own, set up by the lines of `docs/mail.md`."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance.mail.workers import a_free_port
from tests.waiting import until

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
POSTFIX, _POSTQUEUE = (shutil.which(name, path=_PATH) for name in ("postfix", "postqueue"))
WHY_NOT = (
    "no Postfix is installed here (Debian: postfix; .ci/run installs it)"
    if POSTFIX is None
    else "Postfix starts as root only"
    if os.geteuid() != 0
    else None
)
needs_postfix = pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "mail.md"
_DESK = "127.0.0.1:2424"
_FOLDER = "/etc/postfix"
_OWN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.agency.example
mydestination =
alias_maps =
alias_database =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_peername_lookup = no
relayhost = [127.0.0.1]:{onwards}
"""
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
"""As in Debian's master.cf, and nothing in a chroot."""
_FATE = re.compile(r"postfix/lmtp\[\d+\]: \w+: to=<([^>]*)>, .* status=(\w+) \((.*)\)$", re.MULTILINE)


def documented(language: str) -> str:
    """The one block in a language that the page has on Postfix."""
    section = _PAGE.read_text(encoding="utf-8").partition("\n## Postfix\n")[2].partition("\n## ")[0]
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert isinstance(block, str)
    return block


def _settings(lines: str) -> dict[str, str]:
    parts = (line.partition("=") for line in lines.splitlines() if line)
    return {name.strip(): value.strip() for name, _, value in parts}


MAILBOX = _settings(documented("sh"))["CASELEDGER_MAIL_FROM"]


class Fate(NamedTuple):
    """What became of a mail for one recipient of the desk's."""

    recipient: str
    status: str
    words: str
    """The desk's reply, or why there is none."""


@dataclass(frozen=True)
class Postfix:
    """A Postfix that runs."""

    folder: Path
    port: int
    desk_port: int

    @property
    def desk(self) -> dict[str, str]:
        """The settings of the desk beside it, as documented."""
        return _settings(documented("sh").replace(_DESK, f"127.0.0.1:{self.desk_port}"))

    def kept(self) -> list[str]:
        """Why mail waits for another try, for each recipient."""
        queue = [json.loads(line) for line in self._postqueue("-j").splitlines()]
        later = (each for each in queue if each["queue_name"] == "deferred")
        return [recipient["delay_reason"] for each in later for recipient in each["recipients"]]

    def flush(self) -> None:
        """Try again at once."""
        self._postqueue("-f")

    def delivers_now(self) -> bool:
        """Try again at once. Whether anything was delivered to the desk before."""
        self.flush()
        return bool(self._sent())

    def fates(self) -> list[Fate]:
        """All tries to deliver to the desk so far, in order."""
        return [Fate(*found) for found in _FATE.findall(self.log())]

    def sent(self, count: int) -> list[Fate]:
        """What was delivered to the desk, as soon as it is so much."""
        until(lambda: len(self._sent()) >= count, self.log)
        return self._sent()

    def log(self) -> str:
        """Its log."""
        log = self.folder / "log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def _sent(self) -> list[Fate]:
        return [fate for fate in self.fates() if fate.status == "sent"]

    def _postqueue(self, option: str) -> str:
        assert _POSTQUEUE is not None
        command = [_POSTQUEUE, "-c", str(self.folder / "etc"), option]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def postfix_server(onwards: int, addresses: str = "", **changes: str) -> Iterator[Postfix]:
    """A Postfix that hands on to a port what is not the desk's, with more addresses and other settings where given."""
    folder = Path(tempfile.mkdtemp(prefix="cl-postfix-"))
    folder.chmod(0o755)
    server = Postfix(folder, a_free_port(), a_free_port())
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    own = _settings(_OWN.format(folder=folder, onwards=onwards))
    settings = {**own, **_settings(documented("ini")), **changes}
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "etc" / "main.cf").write_text(lines.replace(_FOLDER, f"{folder}/etc"))
    (folder / "etc" / "master.cf").write_text(_SERVICES.format(port=server.port))
    table = (documented("text") + addresses).replace(_DESK, f"127.0.0.1:{server.desk_port}")
    (folder / "etc" / "desk").write_text(table)
    assert POSTFIX is not None
    with subprocess.Popen([POSTFIX, "-c", str(folder / "etc"), "start-fg"]) as process:
        try:
            _wait_until_it_greets(process, server)
            yield server
        finally:
            with suppress(FileNotFoundError):
                os.kill(int((folder / "queue" / "pid" / "master.pid").read_text()), signal.SIGTERM)
            process.wait(30)
            until(lambda: _removed(folder))


def _removed(folder: Path) -> bool:
    """Whether the folder is gone: a process of Postfix that ends may write to it meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _wait_until_it_greets(process: subprocess.Popen[bytes], server: Postfix) -> None:
    def greets() -> bool:
        assert process.poll() is None, server.log()
        try:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                return client.recv(3) == b"220"
        except ConnectionRefusedError:
            return False

    until(greets)
