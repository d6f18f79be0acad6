"""Parties outside, as real processes and servers: a C2SP witness that is not ours, an RFC 3161 authority (openssl)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from infrastructure.transparency.formats.note import Verifier
from infrastructure.transparency.publication.witnesses import Witness

WITNESS = Path(sys.prefix) / "witness"
"""Where `make .venv/.dev` puts the PyPI package aics-witness."""


class AicsWitness:
    """`aics-witness`, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.vkey = Verifier.parse(self.run("init", "--name", "witness.example/w1"))

    def trust(self, origin: str, vkey: Verifier) -> None:
        """Before it serves: it knows the log."""
        self.run("add-log", "--origin", origin, "--vkey", str(vkey))

    def run(self, *words: str) -> str:
        done = subprocess.run(
            self._command(*words), env=self._environment(), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    @contextmanager
    def serving(self) -> Iterator[Witness]:
        command = self._command("serve", "--listen", "127.0.0.1:0")
        with subprocess.Popen(command, env=self._environment(), stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                said = ""
                for line in process.stderr:
                    said += line
                    if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
                        yield Witness.parse(f"{self.vkey}@{found[1]}")
                        return
                raise AssertionError(f"the witness ended: {said}")
            finally:
                process.terminate()

    def _command(self, *words: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "aics_witness",
            words[0],
            "--config",
            str(self._folder / "witness.json"),
            *words[1:],
        ]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(WITNESS)}


@dataclass
class Heard:
    """A request that came to a server of the test."""

    path: str
    kind: str
    body: bytes


@dataclass
class Site:
    """A server of the test: what it answers, and what it heard."""

    answer: Callable[[Heard], tuple[int, dict[str, str], bytes]]
    heard: list[Heard] = field(default_factory=list)
    url: str = ""


@contextmanager
def http_site(answer: Callable[[Heard], tuple[int, dict[str, str], bytes]]) -> Iterator[Site]:
    """A server that answers POSTs as the test says."""
    site = Site(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard = Heard(self.path, self.headers["Content-Type"], body)
            site.heard.append(heard)
            status, headers, said = site.answer(heard)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


_CONFIGURATION = """
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[req]
distinguished_name = dn
[dn]
[ts]
default_tsa = server
[server]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class OpensslAuthority:
    """A certificate authority of the test and the key it lets sign timestamps, used by `openssl ts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.pem"
        (folder / "openssl.cnf").write_text(_CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._lock = threading.Lock()
        self._make("ca", "/CN=Test root", [])
        self._make("tsa", "/CN=Test timestamps", ["-CA", str(self.ca), "-CAkey", str(folder / "ca.key")])

    def reply(self, query: bytes) -> bytes:
        """A TimeStampResp to a request."""
        with self._lock:
            (self.folder / "query.tsq").write_bytes(query)
            self.openssl(
                "ts",
                "-reply",
                "-queryfile",
                "query.tsq",
                "-out",
                "reply.tsr",
                "-config",
                "openssl.cnf",
                "-section",
                "server",
            )
            return (self.folder / "reply.tsr").read_bytes()

    def answer(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        """As a site answers."""
        assert heard.kind == "application/timestamp-query"
        return 200, {"Content-Type": "application/timestamp-reply"}, self.reply(heard.body)

    def verify(self, reply: bytes, data: bytes) -> str:
        """What openssl says of a reply about some bytes; it must say that it holds."""
        (self.folder / "kept.tsr").write_bytes(reply)
        (self.folder / "data").write_bytes(data)
        done = self.openssl("ts", "-verify", "-data", "data", "-in", "kept.tsr", "-CAfile", str(self.ca), check=False)
        return done.stdout + done.stderr

    def openssl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=check)

    def _make(self, name: str, subject: str, signed_by: list[str]) -> None:
        self.openssl(
            *(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                subject,
                "-config",
                "openssl.cnf",
            ),
            *("-extensions", name, "-keyout", f"{name}.key", "-out", f"{name}.pem", *signed_by),
        )
