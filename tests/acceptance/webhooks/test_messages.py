"""What a webhook is sent, and how it is signed: Standard Webhooks and CloudEvents, read by programs that are not ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook, WebhookVerificationError

from infrastructure.transparency.formats.merkle import leaf_hash
from infrastructure.transparency.log_reader import LogReader
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.acceptance.conftest import done, refused
from tests.acceptance.webhooks.conftest import Hooks
from tests.acceptance.webhooks.receiver import Received, Receiver
from tests.conftest import TestDatabase


def test_a_message_is_a_signed_cloud_event_over_tls(
    hooks: Hooks, receivers: Callable[..., Receiver], certificate: Path
) -> None:
    receiver = receivers(tls=True)
    secret = hooks.subscribe(receiver.url)
    case = hooks.desk.log()
    hooks.work(webhook_ca_file=str(certificate))
    [message] = receiver.wait(len)
    event = Webhook(secret).verify(message.body, message.headers)
    described = hooks.desk.anonymous().get("/openapi.json").json()
    content = described["webhooks"]["event"]["post"]["requestBody"]["content"]["application/cloudevents+json"]
    Draft202012Validator({**content["schema"], "components": described["components"]}).validate(event)
    [shown] = [each for each in feed(hooks) if each["topic"] == "case.logged"]
    assert event.pop("data") == shown
    assert event == {
        "specversion": "1.0",
        "id": message.id,
        "source": "https://desk.example",
        "type": "case.logged",
        "subject": case["number"],
        "time": shown["recorded_at"],
        "datacontenttype": "application/json",
        "position": str(shown["position"]),
        "leafindex": event["leafindex"],
    }
    assert datetime.fromisoformat(event["time"]).utcoffset() is not None
    assert message.headers["content-type"].startswith("application/cloudevents+json")
    assert "Jo Field" not in message.body.decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(message.body.replace(b"INC", b"ING"), message.headers)


def test_the_leaf_that_a_message_names_is_the_one_in_the_log(
    hooks: Hooks, receiver: Receiver, database: TestDatabase, tmp_path: Path
) -> None:
    hooks.subscribe(receiver.url)
    hooks.desk.prioritized()
    sealed_later = hooks.desk.log()["number"]
    hooks.work()
    before = receiver.wait(lambda all_: len(all_) == 4)
    assert before[-1].event["subject"] == sealed_later
    with database.connect("sealer") as connection:
        sealer = Sealer(connection, SealerFolder(tmp_path / "sealer"), "desk.example/log")
        sealer.resume()
        sealer.seal()
        hooks.desk.log()
        hooks.desk.log()
        after = receiver.wait(lambda all_: len(all_) == 6)
        sealer.seal()
        log = LogReader(connection, 1)
        for message in (*before, *after):
            index, record = log.leaf_at(message.position)
            assert (str(index), f"evt_{leaf_hash(record).hex()[:32]}") == (message.event["leafindex"], message.id)
        log.forget()
        sealer.restart("a restore")
        sealer.seal()
        hooks.order("replay", {"from": before[0].position, "to": after[-1].position})
        again = receiver.wait(lambda all_: len(all_) == 12)[6:]
        other = LogReader(connection, 2)
        assert [str(other.leaf_at(message.position)[0]) for message in again] == [m.event["leafindex"] for m in again]
    assert [message.id for message in again] == [message.id for message in after]


def test_only_what_was_subscribed_is_sent_and_in_order(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url, "hub", "case.triaged", "case.prio*")
    numbers = [hooks.desk.prioritized() for _ in range(3)]
    hooks.work()
    messages = receiver.wait(lambda all_: len(all_) == 6)
    assert [message.event["type"] for message in messages] == ["case.triaged", "case.prioritized"] * 3
    assert [message.event["subject"] for message in messages[::2]] == numbers
    assert receiver.positions() == sorted(receiver.positions())
    for _ in range(2):
        hooks.desk.log()  # what was not asked for moves the place, too
    hooks.until(lambda: hooks.standing()["behind"] == 0)
    assert len(receiver.received) == 6


def test_both_secrets_sign_during_a_rotation(hooks: Hooks, receiver: Receiver) -> None:
    old = hooks.subscribe(receiver.url)
    new = hooks.secret()
    hooks.desk.log()
    hooks.work()
    [during] = receiver.wait(len)
    assert verifies(old, during)
    assert verifies(new, during)
    listed = {each["until"] is None: each["id"] for each in hooks.read()["secrets"]}
    hooks.order(f"secrets/{listed[False]}/revoke", {"reason": "it was in a log"})
    hooks.desk.log()
    after = receiver.wait(lambda all_: len(all_) == 2)[-1]
    assert not verifies(old, after)
    assert verifies(new, after)
    hooks.order(f"secrets/{listed[True]}/revoke")
    hooks.until(lambda: hooks.standing()["pause"] == "no secret")


def test_a_policy_without_overlap_ends_the_old_secret_at_once(hooks: Hooks, receiver: Receiver) -> None:
    old = hooks.subscribe(receiver.url)
    done(hooks.admin.post("/policy", {"changes": {"webhook_overlap": "PT0S"}, "reason": "leaked"}))
    new = hooks.secret()
    hooks.desk.log()
    hooks.work()
    [message] = receiver.wait(len)
    assert not verifies(old, message)
    assert verifies(new, message)


def test_a_secret_is_shown_once_and_stored_nowhere(hooks: Hooks, receiver: Receiver, database: TestDatabase) -> None:
    hooks.subscribe(receiver.url + "?token=squeamish")
    given = {"If-Match": "*", "Idempotency-Key": '"once"'}
    first = hooks.admin.http.post("/webhooks/hub/secrets", json={}, headers=given)
    again = hooks.admin.http.post("/webhooks/hub/secrets", json={}, headers=given)
    assert first.headers["cache-control"] == "no-store"
    assert done(first)["secret"] == done(again)["secret"]  # the same request has the same answer (http.md, Idempotency)
    secret = first.json()["secret"].removeprefix("whsec_")
    assert secret not in json.dumps(hooks.read())
    with psycopg.connect(database.superuser) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            rows = str(connection.execute(f"SELECT * FROM {table}".encode()).fetchall())
            assert secret not in rows, table
            assert "squeamish" not in rows or table == "vault.disclosures", table
    refused(hooks.desk.technician.post("/webhooks/hub/secrets", {}), 403, "forbidden")
    for path in ("", "/hub", "/hub/deliveries"):
        refused(hooks.desk.technician.get(f"/webhooks{path}"), 403, "forbidden")
        done(hooks.desk.auditor.get(f"/webhooks{path}"))


def feed(hooks: Hooks) -> list[dict[str, object]]:
    items: list[dict[str, object]] = done(hooks.reporter.get("/events", limit=1000))["items"]
    return items


def verifies(secret: str, message: Received) -> bool:
    try:
        Webhook(secret).verify(message.body, message.headers)
    except WebhookVerificationError:
        return False
    return True
