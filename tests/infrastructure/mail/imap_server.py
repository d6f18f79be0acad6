"""A real IMAP server to test with: Dovecot, in a folder and on ports of its own."""

from __future__ import annotations

import getpass
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import until_listening

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
USER, PASSWORD = "desk", "secret"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
{users}
"""


@dataclass(frozen=True)
class ImapServer:
    port: int
    tls_port: int

    @contextmanager
    def client(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Somebody else who looks into the mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        try:
            client.login(USER, PASSWORD)
            client.select(folder)
            yield client
        finally:
            client.logout()

    def append(self, *messages: bytes, folder: str = "INBOX") -> None:
        with self.client() as client:
            for message in messages:
                client.append(folder, "", "", message)

    def flags(self, folder: str = "INBOX") -> list[bytes]:
        """Of each message, in order."""
        with self.client(folder) as client:
            told = client.uid("FETCH", "1:*", "(FLAGS)")[1]
            return [b" ".join(sorted(imaplib.ParseFlags(line))) for line in told if isinstance(line, bytes)]


@contextmanager
def imap_server(certificate: Path) -> Iterator[ImapServer]:
    """Dovecot, for as long as it is wanted. It has no users but one, whose password is `PASSWORD`."""
    assert DOVECOT is not None
    folder = Path(tempfile.mkdtemp(prefix="cl-imap-"))
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    own = f"default_internal_user = {getpass.getuser()}\ndefault_login_user = {getpass.getuser()}\n"
    server = ImapServer(_free_port(), _free_port())
    (folder / "dovecot.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            certificate=certificate,
            password=PASSWORD,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            port=server.port,
            tls_port=server.tls_port,
            users="" if os.geteuid() == 0 else own + f"default_internal_group = {os.getegid()}\n",
        )
    )
    with subprocess.Popen([DOVECOT, "-F", "-c", str(folder / "dovecot.conf")]) as process:
        try:
            until_listening(process, server.port, (folder / "log").read_text)
            yield server
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
