"""No secret is in what a desk writes for its operators, nor on the record, whatever is done with the secret and goes wrong.

A desk as operators run it, on a database whose URL has a password. Every secret is used, and used in vain: the mail server
refuses the password, the identity provider the code, the desk altered tokens; for a while, the database refuses the desk.
"""

from __future__ import annotations

import re
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import httpx
import psycopg
import pytest
from aiosmtpd.smtp import AuthResult
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from application.administration.catalogue import OPERATOR
from domain.values import Role
from infrastructure.identity.tokens import Tokens
from infrastructure.mail.catcher import smtp_server
from tests.acceptance.conftest import done, incident
from tests.acceptance.console.conftest import cookie_of
from tests.acceptance.console.test_provider import IdentityServer, provider, sent_away
from tests.acceptance.operating import Served, folder
from tests.acceptance.shared.entry.test_self_service import REPORT
from tests.acceptance.webhooks.receiver import receiving
from tests.blocking import open_desk
from tests.conftest import TestDatabase
from tests.waiting import until

__all__ = ["folder", "provider"]
STAFF = (
    ("a.ortiz", Role.TECHNICIAN, None),
    ("root", Role.ADMIN, None),
    ("hub.owner", Role.REPORTER, None),
)


def mark() -> str:
    """A secret that nobody else has."""
    return f"zq{secrets.token_hex(12)}"


@dataclass
class Kept:
    """The secrets of a desk, by what they are."""

    database_password: str = field(default_factory=mark)
    smtp_password: str = field(default_factory=mark)
    imap_password: str = field(default_factory=mark)
    client_secret: str = field(default_factory=mark)
    seen: str = field(default_factory=mark)
    """No secret: it is put where it must be found, or nothing would be."""
    others: dict[str, bytes] = field(default_factory=dict)
    """What is a secret only once the desk works: tokens, links, keys."""

    def forms(self) -> dict[str, list[bytes]]:
        """Each as it may be written: as it is, in hex, and within base64 at each of the three places it can start at."""
        fixed = {name: value.encode() for name, value in vars(self).items() if isinstance(value, str)}
        return {name: _written(value) for name, value in {**fixed, **self.others}.items()}

    def found_in(self, content: bytes) -> list[str]:
        """Which of them are in this."""
        return [name for name, forms in self.forms().items() if any(form in content for form in forms)]


def _written(secret: bytes) -> list[bytes]:
    within = [b64encode(bytes(n) + secret)[-(-n * 8 // 6) : (n + len(secret)) * 8 // 6 - 1] for n in range(3)]
    encoded = [each.translate(bytes.maketrans(b"+/", b"-_")) for each in within]
    return [secret, secret.hex().encode(), *within, *encoded]


class Refusing:
    """A mail server that refuses every password, and remembers them."""

    def __init__(self) -> None:
        self.passwords: list[bytes] = []

    def authenticate(self, *given: Any) -> AuthResult:
        """What aiosmtpd asks."""
        self.passwords.append(given[-1].password)
        return AuthResult(success=False, handled=False)


@contextmanager
def refusing_mailboxes() -> Iterator[tuple[int, list[bytes]]]:
    """An IMAP server that refuses every login; gives its port and what it is told."""
    heard: list[bytes] = []

    class Conversation(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK IMAP4rev1\r\n")
            for line in self.rfile:
                heard.append(line)
                tag, command, *_ = line.split()
                if command == b"CAPABILITY":
                    self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
                does = b"OK" if command in {b"CAPABILITY", b"LOGOUT"} else b"NO [AUTHENTICATIONFAILED]"
                self.wfile.write(tag + b" " + does + b" as you say\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            serving.join()


class Work:
    """What is done at the desk, with its secrets."""

    def __init__(self, desk: Served, kept: Kept, provider: IdentityServer, database: TestDatabase) -> None:
        self.desk, self.kept, self.provider, self.database = desk, kept, provider, database
        self.links = Tokens(desk.folder / "keys", provider.url, "caseledger")
        files = [*(desk.folder / "keys").iterdir(), *(desk.folder / "sealer").glob("key-*.pem")]
        assert {file.name for file in files} >= {"token.pem", "sessions.key", "webhooks.key", "key-1.pem"}
        for file in files:
            content = file.read_bytes()
            self.kept.others[file.name] = b"".join(content.split(b"\n")[1:-2]) if file.suffix == ".pem" else content
        with open_desk(database) as office:
            for subject, role, team in STAFF:
                office.grants.ensure(subject, role, team, None, OPERATOR, anew=True)

    def caller(self, subject: str, **claims: Any) -> httpx.Client:
        """Somebody with a token of the provider's."""
        self.provider.claims = {"sub": subject, **claims}
        token = self.provider.token()
        self.kept.others[f"token of {subject}"] = token.rpartition(".")[2].encode()  # the rest is no secret
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        return httpx.Client(base_url=self.desk.url, headers=headers, timeout=30, verify=False)

    def all(self, receiver: Any, mail: Refusing) -> None:
        """Use every secret, and use it in vain."""
        with self.caller("a.ortiz", roles=["technician"]) as staff, self.caller("root", roles=["admin"]) as admin:
            case = done(staff.post("/cases", json={**incident(), "subject": self.kept.seen}))
            paths = self._links(case)
            self._machines(admin, receiver)
            self._sign_in(staff)
            assert self.kept.others["session"]
            self._in_vain(staff, paths)
            until(lambda: self.kept.smtp_password.encode() in mail.passwords, lambda: mail.passwords)
            with self._refused_by_the_database():
                for path in ("/cases", "/queues", "/search?q=printer", f"/cases/{case['number']}", *paths):
                    assert staff.get(path).status_code in {200, 404, 500, 503}, path
                staff.post("/cases", json=incident())
                self._sign_in(staff)

    def _links(self, case: dict[str, Any]) -> list[str]:
        customer = case["customer"]["id"]
        follow = self.links.follow_link(case["number"], customer, 0)
        dispute = self.links.dispute_link(case["number"], 1, customer, 0)
        where, once = f"{self.desk.url}/self-service/reports", {"Idempotency-Key": '"r1"'}
        given: str = done(httpx.post(where, json=REPORT, headers=once, timeout=30))["follow"]
        self.kept.others |= {
            "link to follow": follow.rpartition(".")[2].encode(),
            "link of a report": given.rpartition(".")[2].encode(),
            "link to dispute": dispute.rpartition(".")[2].encode(),
        }
        return [f"/self-service/cases/{follow}", f"/disputes/{dispute}"]

    def _machines(self, admin: httpx.Client, receiver: Any) -> None:
        entry = {"name": "Hub", "owner": "hub.owner", "topics": ["case.*"], "contact": {"url": receiver.url}}
        done(admin.put("/webhooks/hub", json=entry))
        secret: str = done(admin.post("/webhooks/hub/secrets", json={}, headers={"Idempotency-Key": '"s1"'}))["secret"]
        self.kept.others["webhook secret"] = secret.removeprefix("whsec_").encode()
        done(admin.post("/webhooks/hub/ping", json={}))
        receiver.wait(lambda received: received)
        done(admin.put("/sources/prom", json={"name": "Prometheus", "kind": "alertmanager"}))
        key: str = done(admin.post("/sources/prom/keys", json={}, headers={"Idempotency-Key": '"k1"'}))["key"]
        self.kept.others["key of a source"] = key[12:].encode()  # what comes before names it
        for given in (key, key[:-1] + "~"):
            admin.post("/intake/alertmanager", json={"alerts": 7}, headers={"Authorization": f"Bearer {given}"})

    def _sign_in(self, staff: httpx.Client) -> None:
        self.provider.claims = {"sub": "a.ortiz", "roles": ["technician"]}
        for code in (mark(), mark()):
            asked, errand = sent_away(staff)
            self.kept.others[f"code {code}"] = code.encode()
            if len(self.provider.challenges) == 0:
                self.provider.challenges[code] = asked["code_challenge"]  # the second one is refused
            back = staff.get(f"/ui/sign-in/callback?code={code}&state={asked['state']}", headers={"Cookie": errand})
            if session := cookie_of(back):
                self.kept.others["session"] = session.rpartition(".")[2].encode()

    def _in_vain(self, staff: httpx.Client, paths: list[str]) -> None:
        good = staff.headers["Authorization"]
        for headers in ({"Authorization": good[:-4] + "AAAA"}, {"Authorization": good.replace("Bearer", "Basic")}):
            assert staff.get("/cases", headers=headers).status_code == 401
        token = good.removeprefix("Bearer ")
        assert staff.get("/cases", params={"status": token}).status_code == 422
        assert staff.post("/cases", content=f'{{"customer": "{token}'.encode()).status_code in {400, 422}
        assert staff.post("/ui/sign-in", data={"token": token[:-4]}).status_code == 401
        assert staff.get(f"/ui/sign-in/callback?code={token}&state={token}").status_code == 401
        for path in paths:
            assert staff.get(path).status_code in {200, 404, 410}
            assert staff.get(f"{path}x").status_code == 404
            staff.post(path, data={"reason": "x" * 20_000})

    @contextmanager
    def _refused_by_the_database(self) -> Iterator[None]:
        """All connections are cut, and what is read may not be read."""
        grants = sql.SQL("{} USAGE ON SCHEMA {} {} desk_api")
        schemas = ("views", "ledger", "search")
        with psycopg.connect(self.database.superuser, autocommit=True) as superuser:
            for schema in schemas:
                superuser.execute(grants.format(sql.SQL("REVOKE"), sql.Identifier(schema), sql.SQL("FROM")))
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            try:
                yield
            finally:
                for schema in schemas:
                    superuser.execute(grants.format(sql.SQL("GRANT"), sql.Identifier(schema), sql.SQL("TO")))


@pytest.fixture
def kept() -> Kept:
    """The desk's secrets."""
    return Kept()


def url_of(database: TestDatabase, password: str) -> str:
    """The database as an operator names it."""
    told = conninfo_to_dict(database.superuser)
    return f"postgresql://{told['user']}:{password}@/{database.name}?host={told['host']}&port={told['port']}"


def in_tables(conninfo: str, kept: Kept) -> list[str]:
    """The tables that have one of them in a row, bytes included."""
    found = []
    with psycopg.connect(conninfo) as connection:
        tables = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm') ORDER BY 1, 2"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
            rows = "\n".join(row[0] or "" for row in connection.execute(query))
            content = rows.encode() + b"".join(map(bytes.fromhex, re.findall(r"\\\\?x((?:[0-9a-f]{2})+)", rows)))
            found += [f"{schema}.{table}: {name}" for name in kept.found_in(content)]
    return found


def test_no_secret_is_in_a_log_on_the_record_or_in_a_list_of_processes(
    folder: Path, database: TestDatabase, provider: IdentityServer, kept: Kept
) -> None:
    mail = Refusing()
    with (
        smtp_server(mail, authenticator=mail.authenticate, auth_require_tls=False) as smtp_port,
        refusing_mailboxes() as (imap_port, imap_heard),
        receiving() as receiver,
    ):
        receiver.answer = lambda _: 500
        desk = Served(
            folder,
            database_url=url_of(database, kept.database_password),
            read_database_url=url_of(database, kept.database_password),
            issuer=provider.url,
            jwks_url=f"{provider.url}/jwks",
            oidc_client_id="console",
            oidc_client_secret=kept.client_secret,
            smtp_host="127.0.0.1",
            smtp_port=str(smtp_port),
            smtp_user="desk",
            smtp_password=kept.smtp_password,
            imap_host="127.0.0.1",
            imap_port=str(imap_port),
            imap_tls="none",
            imap_user="desk",
            imap_password=kept.imap_password,
            webhook_networks="127.0.0.0/8",
        )
        try:
            Work(desk, kept, provider, database).all(receiver, mail)
            until(lambda: kept.imap_password.encode() in b"".join(imap_heard))
            commands = command_lines(desk.process.pid)
        finally:
            desk.end(SIGTERM)
    said, log = desk.said.encode(), log_of(database, kept.seen)
    assert kept.found_in(said) == []
    assert (b"worker" in commands, kept.found_in(commands)) == (True, [])
    assert kept.found_in(log) == ["seen"], "what is put there on purpose is found there"
    assert {found.rpartition(" ")[2] for found in in_tables(database.superuser, kept)} == {"seen"}
    for refusal in (b'"uncaught error"', b"worker interrupted"):
        assert refusal in said
    assert b"permission denied for schema" in log


def log_of(database: TestDatabase, seen: str) -> bytes:
    """The log of the database's server, in which a statement that failed with this word stands by now."""
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        with pytest.raises(psycopg.DataError):
            connection.execute(sql.SQL("SELECT {}::int").format(sql.Literal(seen)))
    assert row is not None
    return (Path(row[0]).parent / "postgres.log").read_bytes()


def command_lines(pid: int) -> bytes:
    """The command lines of a process and of all below it, as a list of processes shows them to anybody."""
    of_process = Path(f"/proc/{pid}")
    try:
        children = "".join(each.read_text() for each in of_process.glob("task/*/children")).split()
        return b"".join(((of_process / "cmdline").read_bytes(), *map(command_lines, map(int, children))))
    except FileNotFoundError:  # it has ended in the meantime
        return b""
