"""`caseledger webhooks`, as an operator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner

from api.cli.main import app
from tests.acceptance.conftest import done
from tests.acceptance.webhooks.conftest import Hooks
from tests.acceptance.webhooks.receiver import Receiver
from tests.conftest import TestDatabase


def test_webhooks_from_the_command_line(
    hooks: Hooks, receiver: Receiver, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASELEDGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CASELEDGER_DATABASE_URL", database.superuser)
    monkeypatch.setenv("COLUMNS", "200")

    def cli(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["webhooks", *arguments])
        return result.exit_code, result.stdout

    added = cli("add", "hub", "--url", receiver.url, "--owner", "hub.owner", "--topic", "case.*", "--json")
    assert (added[0], json.loads(added[1])["topics"]) == (0, ["case.*"]), added
    assert cli("add", "hub", "--url", "nowhere", "--owner", "hub.owner")[0] == 2
    assert cli("secret", "nobody")[0] == 2
    code, secret = cli("secret", "hub")
    assert code == 0
    hooks.work()
    number = hooks.desk.log()["number"]
    [message] = receiver.wait(len)
    assert Webhook(secret.strip()).verify(message.body, message.headers)["subject"] == number
    assert cli("ping", "hub") == (0, f"204, after {hooks.attempts()[-1]['milliseconds']} ms\n")
    receiver.answer = lambda _: 500
    assert cli("ping", "hub")[0] == 1
    assert json.loads(cli("deliveries", "hub", "--json")[1])[0]["status"] == 500
    assert "case.logged" in cli("deliveries", "hub")[1]
    assert cli("disable", "hub", "--reason", "it moves")[0] == 0
    assert cli("replay", "hub", "--from", "1", "--to", "3")[0] == 2
    hooks.until(lambda: "disabled: administrator" in cli("list")[1])
    status = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    assert (status["webhooks"], status["workers"]["webhooks"]) == ({"hub": "disabled: administrator"}, "running")
    assert cli("enable", "hub")[0] == 0
    assert cli("replay", "hub", "--from", "1", "--to", "3")[0] == 0
    [listed] = done(hooks.admin.get("/webhooks"))["items"]
    assert cli("revoke", "hub", listed["secrets"][0]["id"], "--reason", "leaked")[0] == 0
    assert cli("revoke", "hub", listed["secrets"][0]["id"])[0] == 2


def test_once_delivers_what_is_due_and_ends(
    hooks: Hooks, receiver: Receiver, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASELEDGER_WEBHOOK_NETWORKS", "127.0.0.0/8")
    hooks.subscribe(receiver.url)
    hooks.desk.prioritized()
    command = ["worker", "webhooks", "--once", "--data-dir", str(tmp_path), "--database-url", database.superuser]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert len(receiver.received) == 3
    receiver.answer = lambda _: 500
    hooks.desk.log()
    for _ in range(2):  # the second run does not try again before its time
        assert CliRunner().invoke(app, command).exit_code == 0
    assert len(receiver.received) == len(hooks.attempts()) == 4
    monkeypatch.setenv("CASELEDGER_WEBHOOK_LOG_DAYS", "0.0000001")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert hooks.attempts() == []
