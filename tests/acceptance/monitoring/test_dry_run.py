"""`caseledger intake test` says what would become of a payload, and records nothing; `caseledger source` keeps sources."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.conftest import TestDatabase

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(database: TestDatabase, tmp_path: Path) -> Cli:
    """`caseledger` on the test's database; answers exit code and output."""

    def run(*arguments: str) -> tuple[int, str]:
        where = ("--database-url", database.superuser, "--data-dir", str(tmp_path))
        told = CliRunner().invoke(app, [*arguments, *where])
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        return told.exit_code, told.output

    return run


def test_a_dry_run_says_what_would_become_of_a_payload_and_records_nothing(
    monitoring: Monitoring, cli: Cli, tmp_path: Path, positions: Callable[[], int]
) -> None:
    key = monitoring.source(rules=[{"match": {"instance": "b.*"}, "service": "email", "nominate_major": True}])
    number = monitoring.alertmanager(group(alert("a")), key).json()["case"]
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps(group(alert("a"), alert("a", episode=3), alert("b"), alert("c", firing=False))))
    before = positions()
    code, told = cli("intake", "test", str(payload), "--source", "prom", "--json")
    assert code == 0, told
    document = json.loads(told)
    [event] = document["events"]
    assert (document["protocol"], document["mapping"], event["new_cases"]) == ("alertmanager", "version 2", 1)
    became = {(s["summary"][13], s["becomes"], s["case"], s["service"], s["nominate_major"]) for s in event["signals"]}
    assert became == {
        ("a", "heartbeat", number, None, False),
        ("a", "appended", number, None, False),
        ("b", "opens", None, "email", True),
        ("c", "recorded", None, None, False),
    }
    shown_code, shown = cli("intake", "test", str(payload), "--source", "prom")
    assert (shown_code, number in shown) == (0, True)
    assert positions() == before
    done = monitoring.alertmanager(payload.read_bytes(), key).json()
    assert {told["became"] for told in done["alerts"]} == {signal["becomes"] for signal in event["signals"]}
    assert done["outcome"] == event["outcome"] == "opened"
    again = json.loads(cli("intake", "test", str(payload), "--source", "prom", "--json")[1])
    assert again["events"][0]["outcome"] == "recorded"  # c has recovered, and nobody knew of it


def test_a_mapping_is_tried_before_it_is_in_force(monitoring: Monitoring, cli: Cli, tmp_path: Path) -> None:
    payload, mapping = tmp_path / "payload.json", tmp_path / "mapping.yaml"
    payload.write_text(json.dumps(group(alert("a"))))
    mapping.write_text("rules:\n  - match: {instance: 'a.*'}\n    service: printing\n    impact: 1\n")
    code, told = cli("intake", "test", str(payload), "--mapping", str(mapping), "--json")
    [signal] = json.loads(told)["events"][0]["signals"]
    assert (code, signal["service"], signal["impact"], signal["rule"]) == (0, "printing", 1, 0)
    for wrong in ("rules: [{match: {a: b}, colour: red}]", "- 1", "rules: [", "rules: [{match: {a: ''}}]"):
        mapping.write_text(wrong)
        assert cli("intake", "test", str(payload), "--mapping", str(mapping))[0] == 2
    assert cli("intake", "test", str(tmp_path / "none.json"))[0] == 2


@pytest.mark.parametrize(
    ("document", "protocol", "code"),
    [
        ({"specversion": "1.0", "id": "1", "source": "s", "type": "t"}, "cloudevents", 0),
        ([{"specversion": "1.0", "id": "1", "source": "s", "type": "t"}], "cloudevents", 0),
        ([], "cloudevents", 0),
        ({"event_action": "resolve", "dedup_key": "x"}, "pagerduty", 0),
        ({"event_action": "explode"}, "pagerduty", 1),
        ({"title": "My alert"}, "alertmanager", 1),
        ("x", "alertmanager", 1),
    ],
)
def test_a_protocol_is_told_by_its_shape(cli: Cli, tmp_path: Path, document: Any, protocol: str, code: int) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps(document))
    said = cli("intake", "test", str(payload), "--json")
    assert (said[0], json.loads(said[1])["protocol"]) == (code, protocol)
    assert cli("intake", "test", str(payload))[0] == code


def test_sources_and_keys_from_the_command_line(monitoring: Monitoring, cli: Cli, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("defaults: {match: {}, service: printing}\n")
    code, told = cli(
        "source",
        "add",
        "am",
        "--kind",
        "alertmanager",
        "--mapping",
        str(mapping),
        "--senders",
        "am@desk.example",
        "--json",
    )
    assert (code, json.loads(told)["defaults"]["service"]) == (0, "printing"), told
    code, told = cli("source", "key", "am")
    key = told.strip()
    answer = monitoring.alertmanager(group(alert()), key)
    assert answer.status_code == 201, answer.text
    assert monitoring.case(answer.json()["case"])["service"] == "printing"
    assert cli("source", "revoke", "am", key[4:12], "--reason", "leaked")[0] == 0
    assert monitoring.alertmanager(group(alert()), key).status_code == 401
    assert cli("source", "revoke", "am", "unknown0")[0] == 2
    assert cli("source", "key", "nobody")[0] == 2
