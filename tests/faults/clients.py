"""The clients of a desk under faults. Each works on one case after another, and repeats what was not answered."""

from __future__ import annotations

import asyncio
import random
import smtplib
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import Any

import httpx

from tests.acceptance.conftest import FIXED, VERIFIED, incident
from tests.faults.stage import Stage

STEPS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("triage", "case.triaged", "a.ortiz", {"owner": "desk"}),
    ("prioritize", "case.prioritized", "a.ortiz", {"impact": 2, "severity": 2}),
    ("notes", "case.noted", "a.ortiz", {"text": "Called back."}),
    ("diagnose", "case.diagnosed", "a.ortiz", {"symptoms": "queue full", "findings": "spooler"}),
    ("assign", "case.assigned", "a.ortiz", {"team": "network"}),
    ("verify", "case.verified", "t.lee", VERIFIED),
    ("resolve", "case.resolved", "t.lee", FIXED),
)
"""What is done with a case: verb, topic, by whom, body."""
_IMPATIENCE = 20.0
"""Seconds after which a client gives up a connection. The desk promises an answer in 9."""
_LAST = 60.0
"""Seconds after the last fault within which everything must be answered."""
_REPEATED = 0.1
"""The share of commands that are sent once more after their answer."""
_AGAIN = ("unavailable", "idempotency-in-progress")
"""Refusals after which a command is sent once more."""
_MAILBOX = "service-desk@caseledger.example"


@dataclass(frozen=True)
class Ack:
    """A command that was answered."""

    number: str
    topic: str
    key: bytes
    """As the desk keeps it."""
    status: int
    position: int
    version: int


class Clients:
    """Everybody who uses the desk, and what they were told."""

    def __init__(self, stage: Stage, seed: int, count: int, pause: float) -> None:
        self.acks: list[Ack] = []
        self.cases = defaultdict[str, Counter[str]](Counter)
        """What was acknowledged of each case: how many events of a topic it must have."""
        self.mails: dict[str, str] = {}
        """The receipts of the mails that the desk took, by Message-ID."""
        self.findings: list[str] = []
        self.told = Counter[str]()
        """How often the clients were told what."""
        self._stage, self._seed, self._count, self._pause = stage, seed, count, pause
        self._ends = float("inf")
        self._recently: dict[str, float] = {}

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work while this lasts. At its end everything that was begun is answered."""
        thread = threading.Thread(target=asyncio.run, args=(self._work(),), name="clients")
        thread.start()
        try:
            yield
        finally:
            self._ends = monotonic() + _LAST
            thread.join()

    def answered_since(self, when: float) -> bool:
        """Whether each API process has acknowledged a command that was sent after that."""
        return all(self._recently.get(api, 0.0) > when for api in self._stage.apis)

    async def _work(self) -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=_IMPATIENCE, limits=limits) as http:
            people = (self._person(http, random.Random(f"{self._seed} {each}"), each) for each in range(self._count))
            await asyncio.gather(
                *people, *(self._writer(random.Random(f"{self._seed} mail {each}")) for each in (1, 2))
            )

    @property
    def _is_over(self) -> bool:
        return self._ends != float("inf")

    async def _person(self, http: httpx.AsyncClient, chance: random.Random, who: int) -> None:
        """One case after another, each step under a key of its own."""
        case = 0
        while not self._is_over:
            case += 1
            key = f"{self._seed}-{who}-{case}"
            body = {**incident(), "customer": {"name": "Jo Field", "email": f"jo.{key}@a{who}.example"}}
            logged = await self._command(http, chance, "/cases", "case.logged", "a.ortiz", body, key)
            for verb, topic, by, given in STEPS if logged else ():
                if self._is_over:
                    return
                await asyncio.sleep(chance.uniform(0, 2 * self._pause))
                if not await self._command(http, chance, f"/cases/{logged}/{verb}", topic, by, given, f"{key}-{verb}"):
                    break
            await self._read(http, chance)

    async def _command(
        self, http: httpx.AsyncClient, chance: random.Random, path: str, topic: str, by: str, body: Any, key: str
    ) -> str | None:
        """Run a command, some of them twice. Returns the number of its case; None for a refusal."""
        headers = {"Authorization": f"Bearer {self._stage.tokens[by]}", "Idempotency-Key": f'"{key}"', "If-Match": "*"}
        answer = await self._answer(http, chance, path, body, headers)
        if answer is None:
            return None
        ack = self._ack(answer, path, topic, by, key)
        self.told["acknowledged"] += 1
        self.acks.append(ack)
        self.cases[ack.number][topic] += 1
        if chance.random() < _REPEATED and (again := await self._answer(http, chance, path, body, headers)) is not None:
            self.told["repeated"] += 1
            if (other := self._ack(again, path, topic, by, key)) != ack:
                self.findings.append(f"{key}: answered {ack}, and then {other}")
        return ack.number

    async def _answer(
        self, http: httpx.AsyncClient, chance: random.Random, path: str, body: Any, headers: dict[str, str]
    ) -> httpx.Response | None:
        """Send a command until it is carried out. None where it is refused, or not answered once the faults are over."""
        while True:
            api, sent = chance.choice(self._stage.apis), monotonic()
            try:
                answer = await http.post(f"{api}{path}", json=body, headers=headers)
            except httpx.HTTPError as error:
                why = type(error).__name__
            else:
                if answer.is_success:
                    self._recently[api] = sent
                    return answer
                slug = answer.json()["type"].rpartition("/")[2]
                why = f"{answer.status_code} {slug}"
                if slug not in _AGAIN:
                    self._refused(f"POST {path}: {why}: {answer.json().get('detail')}", slug)
                    return None
            self.told[why] += 1
            if monotonic() > self._ends:
                self.findings.append(f"POST {path}: no answer since the faults ended, last: {why}")
                return None
            await asyncio.sleep(chance.uniform(0.1, 0.6))

    def _refused(self, what: str, slug: str) -> None:
        """A finding, unless clocks disagree: a verification may then be older than the work that it followed."""
        if slug == "verification-required" and self._stage.clocks_disagree:
            self.told[f"{slug}, by a clock behind another"] += 1
        else:
            self.findings.append(what)

    @staticmethod
    def _ack(answer: httpx.Response, path: str, topic: str, by: str, key: str) -> Ack:
        number: str = answer.json()["number"]
        kept = sha256(f"{by}\0POST\0{path}\0{key}".encode()).digest()
        version = int(answer.headers["ETag"].strip('"').removeprefix("v"))
        return Ack(number, topic, kept, answer.status_code, int(answer.headers["Position"]), version)

    async def _read(self, http: httpx.AsyncClient, chance: random.Random) -> None:
        """A look at the queues. It is answered, or refused for now."""
        headers = {"Authorization": f"Bearer {self._stage.tokens['a.ortiz']}"}
        try:
            answer = await http.get(f"{chance.choice(self._stage.apis)}/queues", headers=headers)
        except httpx.HTTPError as error:
            self.told[f"read: {type(error).__name__}"] += 1
        else:
            self.told[f"read: {answer.status_code}"] += 1
            if answer.status_code not in (200, 503):
                self.findings.append(f"GET /queues: {answer.status_code} {answer.text}")

    async def _writer(self, chance: random.Random) -> None:
        """One mail to the desk after another, each from somebody else. Sends again what was not taken."""
        while not self._is_over:
            name = f"{chance.randrange(2**48):x}"
            raw = (
                f"From: ann.{name}@b.example\r\nMessage-ID: <{name}@b.example>\r\nSubject: Scanner {name}\r\n"
                f"Content-Type: text/plain\r\n\r\nThe scanner {name} hums.\r\n"
            )
            while (told := await asyncio.to_thread(self._deliver, name, raw)) is not None:
                self.told[f"mail: {told}"] += 1
                if monotonic() > self._ends:
                    self.findings.append(f"mail {name}: not taken since the faults ended, last: {told}")
                    return
                await asyncio.sleep(chance.uniform(0.2, 1.0))
            await asyncio.sleep(chance.uniform(0, 4 * self._pause))

    def _deliver(self, name: str, raw: str) -> str | None:
        """Deliver a mail as a mail server does. Returns why it was not taken, or None."""
        try:
            with smtplib.SMTP("127.0.0.1", self._stage.smtp_port, timeout=_IMPATIENCE) as server:
                server.ehlo("b.example")
                server.mail(f"ann.{name}@b.example")
                server.rcpt(_MAILBOX)
                code, reply = server.data(raw)
        except (OSError, smtplib.SMTPException) as error:
            return type(error).__name__
        if code != 250:
            return f"{code}"
        self.told["mail taken"] += 1
        self.mails[name] = reply.decode().split()[-1]
        return None
