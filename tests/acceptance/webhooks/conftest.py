"""A desk with webhooks, real workers that deliver to them, and receivers."""

from __future__ import annotations

import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.operating import CASELEDGER, ENVIRONMENT
from tests.acceptance.webhooks.receiver import PATIENCE, Receiver, receiving
from tests.conftest import TestDatabase
from tests.infrastructure.mail.mail_servers import a_certificate
from tests.waiting import until

LOCAL = "127.0.0.0/8"


class Hooks:
    """The administrator of a desk's webhooks, and the workers."""

    def __init__(self, running: RunningDesk, database: TestDatabase, folder: Path) -> None:
        self.desk, self._database, self._folder = running, database, folder
        self.admin = running.caller(Role.ADMIN, "admin")
        self.reporter = running.caller(Role.REPORTER, "hub.owner")
        self._workers: list[subprocess.Popen[str]] = []

    def subscribe(self, url: str, code: str = "hub", *topics: str) -> str:
        """Register a webhook; returns a secret of it."""
        entry = {
            "name": "Hub",
            "owner": "hub.owner",
            "topics": list(topics or ("case.*",)),
            "contact": {"url": url},
        }
        done(self.admin.http.put(f"/webhooks/{code}", json=entry, headers={"If-Match": "*"}))
        return self.secret(code)

    def secret(self, code: str = "hub") -> str:
        secret: str = done(self.admin.post(f"/webhooks/{code}/secrets", {}))["secret"]
        return secret

    def order(self, verb: str, body: Any = None, code: str = "hub") -> dict[str, Any]:
        ordered: dict[str, Any] = done(self.admin.post(f"/webhooks/{code}/{verb}", body or {}))
        return ordered

    def read(self, code: str = "hub") -> dict[str, Any]:
        found: dict[str, Any] = done(self.admin.get(f"/webhooks/{code}"))
        return found

    def attempts(self, code: str = "hub") -> list[dict[str, Any]]:
        """The attempts, oldest first."""
        found: list[dict[str, Any]] = done(self.admin.get(f"/webhooks/{code}/deliveries", limit=200))["items"]
        return found[::-1]

    def standing(self, code: str = "hub") -> dict[str, Any]:
        ready = self.desk.technician.get("/readyz").json()
        found: dict[str, Any] = ready["webhooks"].get(code, {})
        return found

    def until(self, holds: Callable[[], Any]) -> None:
        """Wait until something is so."""
        until(holds, self.attempts)

    def work(self, **variables: str) -> subprocess.Popen[str]:
        """Start a worker with these settings beside those of a test."""
        given = {"webhook_networks": LOCAL, "webhook_retries": "0.05 0.05 0.05", "public_url": "https://desk.example"}
        environment = {**ENVIRONMENT, **{f"CASELEDGER_{k.upper()}": v for k, v in {**given, **variables}.items()}}
        options = ("--data-dir", str(self._folder), "--database-url", self._database.superuser, "--tethered")
        worker = subprocess.Popen(
            [*CASELEDGER, "worker", "webhooks", *options], stdin=subprocess.PIPE, text=True, env=environment
        )
        self._workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self._workers:
            worker.communicate(timeout=PATIENCE)


@pytest.fixture
def hooks(running: RunningDesk, database: TestDatabase, tmp_path: Path) -> Iterator[Hooks]:
    made = Hooks(running, database, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key."""
    return a_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def receivers(certificate: Path) -> Iterator[Callable[..., Receiver]]:
    """Makes receivers, by HTTPS where that is said."""
    with ExitStack() as ending:

        def make(*, tls: bool = False) -> Receiver:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            return ending.enter_context(receiving(context if tls else None))

        yield make


@pytest.fixture
def receiver(receivers: Callable[..., Receiver]) -> Receiver:
    """A receiver by plain HTTP."""
    return receivers()
