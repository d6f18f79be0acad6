"""After an erasure nothing is left of somebody: in no table, no column statistics, and no file of the data directory.

On a data directory of its own, as `caseledger serve` has it: a word that nobody else uses is put wherever somebody's words or
address can be put, and looked for afterwards.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from domain.values import Role
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done, served
from tests.acceptance.office import DHS, administrator, put
from tests.conftest import TestDatabase

MARKER = f"zqx{os.urandom(6).hex()}jk"
EMAIL, REPORTER = f"{MARKER}@agency.example", f"reporter.{MARKER}@agency.example"
SAID = {"reason": f"because {MARKER} said so"}
NO = {"satisfactory": False, "able_to_work": False, "method": "phone", **SAID}
AROUND = {**FIXED, "code": "workaround", "workaround": True, "cause_corrected": "no", "solution": f"call {MARKER}"}
OTHER = "somebody.else@agency.example"


def forms() -> list[bytes]:
    """The marker as text, and as it looks within base64 at each of the three places it can start at."""
    found = [MARKER.encode()]
    for before in range(3):
        encoded = b64encode(bytes(before) + MARKER.encode())
        found.append(encoded[-(-before * 8 // 6) : len(MARKER) * 8 // 6 - 1])
    return found


def in_files(folder: Path) -> list[str]:
    """The files that have it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if any(form in _read(path) for form in forms())]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the server has removed it in the meantime
        return b""


def in_tables(conninfo: str) -> list[str]:
    """The tables that have it in a row: those of every schema, the catalogue's with their samples too."""
    found = []
    with psycopg.connect(conninfo) as connection:
        tables = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm') ORDER BY 1, 2"
        ).fetchall()
        patterns = [f"%{form.decode()}%" for form in forms()] + [f"%{MARKER.encode().hex()}%"]
        for schema, table in tables:
            query = sql.SQL("SELECT count(*) FROM {} t WHERE t::text LIKE ANY (%s)")
            row = connection.execute(query.format(sql.Identifier(schema, table)), (patterns,)).fetchone()
            if row and row[0]:
                found.append(f"{schema}.{table}")
    return found


def case_body(**changes: Any) -> dict[str, Any]:
    texts = ("subject", "description", "symptoms", "location", "asset", "callback")
    return {
        "channel": "phone",
        "received_at": datetime.now(UTC).isoformat(),
        "customer": {"name": f"Mx {MARKER}", "email": EMAIL, "phone": "405-555-0001"},
        "reporter": {"name": f"Reporter {MARKER}", "email": REPORTER},
        "service": "printing",
        "nature": "actual",
        **SAID,
        **{name: f"{name} of {MARKER} {os.urandom(4).hex()}" for name in texts},
        **changes,
    }


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, which the server's own user can reach."""
    made = Path(tempfile.mkdtemp(prefix="cl-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


class Talk:
    """Everything that can be said of somebody to a desk."""

    def __init__(self, desk: RunningDesk) -> None:
        self.desk, self.admin = desk, administrator(desk)
        self.manager = desk.caller(Role.DUTY_MANAGER, "d.manager")
        done(put(self.admin, "/help-desks/dhs", DHS))

    def do(self, number: str, verb: str, body: dict[str, Any], by: Any = None) -> Any:
        return done((by or self.desk.technician).post(f"/cases/{number}/{verb}", body))

    def log(self, **changes: Any) -> str:
        return str(done(self.desk.technician.post("/cases", case_body(**changes)))["number"])

    def assigned(self) -> str:
        number = self.log()
        self.do(number, "triage", {"owner": "desk", **SAID})
        self.do(number, "prioritize", {"impact": 2, "severity": 2, **SAID})
        self.do(number, "diagnose", {"symptoms": MARKER, "findings": MARKER, **SAID})
        self.do(number, "assign", {"team": "network", "diagnosis": MARKER, **SAID})
        return number

    def all(self) -> str:
        """Say it all; returns the id under which the directory has him."""
        network = self.desk.network
        number = self.assigned()
        customer = str(done(self.desk.technician.get(f"/cases/{number}"))["customer"]["id"])
        entry = {"agency": "dot", "contact": {"name": MARKER, "email": EMAIL}}
        done(put(self.admin, f"/customers/{customer}", entry))
        done(put(self.admin, f"/customers/{customer}", {**entry, "agency": "dhs", **SAID}))
        self._at_the_desk(number)
        self._with_the_team(number)
        other = self.assigned()
        self.do(other, "verify", VERIFIED, network)
        problem = self.do(other, "resolve", AROUND, network)["problem"]
        self._mails_and_disputes(number, other)
        self._by_himself()
        self._incoming()
        self._problem(problem)
        self.do(
            self.log(), "refer", {"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}, **SAID}
        )
        return str(problem)

    def _at_the_desk(self, number: str) -> None:
        for field in ("subject", "description", "symptoms", "location", "asset", "callback", "name"):
            self.do(number, "correct", {"field": field, "value": f"no, {MARKER}", **SAID})
        self.do(number, "notes", {"text": f"{MARKER} called"})
        self._attach(number)
        self.do(number, "known-errors", {"query": MARKER, "shown": [], "applied": False, **SAID})
        first = self.log()
        self.do(number, "relate", {"case": first, "kind": "related", **SAID})
        self.do(number, "unrelate", {"case": first, **SAID})
        done(self.desk.technician.get("/search", q=MARKER))

    def _attach(self, number: str) -> None:
        """Small ones, and one too large for a row; by what they are called, and by what is in them."""
        for name, content in (("a.txt", MARKER), (f"{MARKER}.txt", "a log"), ("b.txt", f"{MARKER} " * 20_000)):
            path = f"/cases/{number}/attachments"
            done(self.desk.technician.http.post(path, content=content.encode(), params={"name": name}))

    def _with_the_team(self, number: str) -> None:
        network = self.desk.network
        self.do(number, "pend", {"reason_code": "customer", "note": MARKER, **SAID}, network)
        self.do(number, "resume", SAID, network)
        self.do(number, "nominate-major", SAID)
        self.do(number, "reject-major", SAID, network)
        self.do(number, "hand-back", SAID, network)
        self.do(number, "assign", {"team": "network", "diagnosis": MARKER})
        self.do(number, "verify", NO, network)
        self.do(number, "verify", VERIFIED, network)
        self.do(number, "resolve", {**FIXED, "solution": f"asked {MARKER}", **SAID}, network)

    def _mails_and_disputes(self, number: str, other: str) -> None:
        assert self.desk.send_mail() >= 2
        assert any(MARKER.encode() in mail.raw for mail in self.desk.mail.messages())
        self.do(number, "suspect-dispute", {"text": f"thanks, {MARKER}"})
        self.do(number, "dismiss-dispute", SAID)
        self.do(number, "dispute", {"reason": f"no, says {MARKER}"})
        now = datetime.now(UTC).isoformat()
        self.do(other, "close", {"confirmation": {"method": "phone", "by": MARKER, "at": now}, **SAID})
        self.do(other, "follow-up", case_body())
        self.hold(self.assigned())

    def hold(self, number: str) -> None:
        for verb in ("refuse", "approve"):
            self.do(number, "hold", SAID, self.admin)
            done(self.desk.auditor.post(f"/approvals/hold:{number}/{verb}", SAID if verb == "refuse" else {}))

    def _by_himself(self) -> None:
        """By self service, and by the link in the mail that answers it."""
        browser, texts = self.desk.anonymous(), ("subject", "description", "symptoms", "location", "asset", "callback")
        report = {"name": MARKER, "email": EMAIL, "phone": MARKER, **{name: f"{name} of {MARKER}" for name in texts}}
        number = done(browser.post("/self-service/reports", json=report))["number"]
        assert self.desk.send_mail() == 1
        self.link = re.findall(rf"{self.desk.url}(/self-service/\S+)", self.desk.mail.messages()[-1].text)[0]
        assert done(browser.get(self.link))["number"] == number
        done(browser.post(f"{self.link}/notes", json={"text": MARKER}))
        done(browser.post(f"{self.link}/dispute", json={"reason": MARKER}))
        done(browser.post(f"{self.link}/attachments", content=MARKER.encode(), params={"name": MARKER}))

    def _incoming(self) -> None:
        gateway = self.desk.caller(Role.INTAKE, "mail.gateway")
        said = f"From: {MARKER} <{EMAIL}>\r\nSubject: {MARKER}\r\n"

        def send(more: str = "") -> dict[str, Any]:
            raw = f"{more}{said}\r\nI am {MARKER}.\r\n> {MARKER}?\r\n".encode()
            answered = gateway.http.post("/intake/email", content=raw, headers={"Content-Type": "message/rfc822"})
            told: dict[str, Any] = done(answered)
            return told

        ours = f"References: {self.desk.office.addresses.root_reference(send()['case'])}\r\n"
        attached = f'Content-Type: application/pdf; name="{MARKER}.pdf"\r\n'
        assert send(ours)["outcome"] == "reply"
        assert send(ours + attached)["outcome"] == "reply"
        assert send(ours + "Auto-Submitted: auto-replied\r\n")["outcome"] == "recorded"
        for number in range(3):
            send("Received: from a by b\r\n" * 51 + f"X: {number}\r\n")
        self.desk.catch_up()
        held = [item["id"] for item in done(self.desk.technician.get("/quarantine"))["items"]]
        assert len(held) == 3
        done(self.desk.technician.post(f"/quarantine/{held[0]}/discard", SAID))
        done(self.desk.technician.post(f"/quarantine/{held[1]}/release", SAID))

    def _problem(self, problem: str) -> None:
        """What should not be said there, and is."""
        network = self.desk.network
        for verb, body in (
            ("investigate", {"findings": MARKER}),
            ("root-cause", {"cause": MARKER}),
            ("known-error", {"title": f"{MARKER} again", "symptoms": MARKER, "workaround": MARKER}),
        ):
            done(network.post(f"/problems/{problem}/{verb}", body))


def caseledger(*arguments: str, folder: Path, code: int = 0) -> Any:
    command = [sys.executable, "-m", "api.cli", *arguments, "--json", "--data-dir", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASELEDGER_")}
    told = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert told.returncode == code, (told.stdout, told.stderr)
    return json.loads(told.stdout)


def test_nothing_is_left_of_who_was_erased_in_any_table_or_file(folder: Path, tmp_path: Path) -> None:
    with ExitStack() as running:
        conninfo = running.enter_context(embedded_server(folder))
        database = TestDatabase(conninfo, embedded=True)
        migrate(database)
        desk = running.enter_context(served(database, folder))
        bystander = desk.log(customer={"name": "Somebody Else", "email": OTHER})["number"]
        talk = Talk(desk)
        problem = talk.all()
        desk.catch_up()
        with psycopg.connect(database.superuser, autocommit=True) as superuser:
            superuser.execute("ANALYZE")
            superuser.execute("CHECKPOINT")  # what there is in the tables' files, and the next in the log's
        talk.log()
        assert {
            "vault.disclosures",
            "vault.blobs",
            "views.case_texts",
            "views.known_errors",
            "pg_catalog.pg_statistic",
        } <= set(in_tables(database.superuser))
        before = in_files(folder)
        assert any("pg_wal" in name for name in before)
        assert any("base" in name for name in before)
        vault = [path for path in (folder / "cluster" / "base").rglob("*") if path.is_file()]
        assert any(form in path.read_bytes() for path in vault for form in forms()[1:]), "the mails as they came"

        asked = ("--reason", "he asked for it", "--scope", "everything")
        blocked = caseledger("erase", EMAIL, *asked, folder=folder, code=1)
        (held,) = blocked["held"]
        approval = tmp_path / "auditor.token"
        approval.write_text(desk.tokens.issue(Role.AUDITOR, "r.audit", None, timedelta(hours=1)))
        caseledger("release-hold", held, "--reason", "settled", "--approval", str(approval), folder=folder)
        erased = [
            caseledger("erase", who, *asked, "--approval", str(approval), folder=folder)
            for who in (EMAIL, REPORTER, f"problem:{problem}")
        ]
        assert all(told["scrubbed"] and told["views"] == "folded" for told in erased), erased
        for told in erased:  # a former member of staff, say, learns what stays, and why
            kinds = " ".join(each["what"] for each in told["remains"])
            assert all(word in kinds for word in ("actor id", "catalogue", "policies", "digests")), kinds
            assert all(each["why"] for each in told["remains"])
        assert erased[0]["by_kind"].keys() == {"contact", "customer_words", "staff_words", "message", "attachment"}

        desk.catch_up()
        assert in_tables(database.superuser) == []
        assert in_files(folder) == []
        other = done(desk.technician.get(f"/cases/{bystander}"))
        assert (other["customer"]["email"], other["erased"]) == (OTHER, False)
        assert done(desk.technician.get(f"/cases/{held}"))["erased"] is True
        assert desk.anonymous().get(talk.link).status_code == 404
    assert in_files(folder) == [], "nor when all has stopped"
