"""Alertmanager to cases and back: one case a fingerprint, its episodes, its heartbeats, its recovery (`intake.md`)."""

from __future__ import annotations

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.conftest import Serve, done, refused
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.conftest import TestDatabase


def test_a_real_sequence_gives_one_case_with_episodes_and_heartbeats(monitoring: Monitoring) -> None:
    """Firing, repeat, partial recovery, all resolved, firing again."""
    key = monitoring.source()
    first = monitoring.alertmanager(group(alert("a"), alert("b")), key)
    assert first.status_code == 201, first.text
    number = first.json()["case"]
    assert first.headers["location"] == f"/cases/{number}"
    assert first.json()["outcome"] == "opened"
    assert first.json()["cases"] == [number]
    case = monitoring.case(number)
    assert (case["channel"], case["status"], case["customer"]["name"]) == ("monitoring", "logged", "Prom")
    assert case["external_ref"] == first.json()["alerts"][0]["fingerprint"]
    assert case["subject"] == "PrinterDown: a prints nothing (and 1 more alerts)"
    assert monitoring.topics(number) == ["case.logged", "case.alerted"]
    monitoring.assign(number)
    before = monitoring.etag(number)

    repeat = monitoring.alertmanager(group(alert("a"), alert("b")), key)
    assert (repeat.status_code, repeat.json()["outcome"], repeat.json()["case"]) == (200, "duplicate", number)
    partial = monitoring.alertmanager(group(alert("a"), alert("b", firing=False)), key)
    assert (partial.status_code, partial.json()["outcome"], partial.json()["case"]) == (200, "recorded", number)
    assert [told["became"] for told in partial.json()["alerts"]] == ["heartbeat", "recovered"]
    assert monitoring.etag(number) == before  # nothing moves under a person's hands

    over = monitoring.alertmanager(group(alert("a", firing=False), alert("b", firing=False)), key)
    assert (over.json()["outcome"], over.json()["case"]) == ("recorded", number)
    assert monitoring.topics(number)[-1] == "case.recovery_observed"
    case = monitoring.case(number)
    assert (case["status"], case["recovered_at"]) == ("assigned", "2026-11-23T08:30:00Z")

    again = monitoring.alertmanager(group(alert("a", episode=2)), key)
    assert (again.json()["outcome"], again.json()["case"]) == ("recorded", number)
    assert again.json()["alerts"][0]["became"] == "appended"
    assert monitoring.topics(number)[-1] == "case.alerted"
    assert monitoring.case(number)["recovered_at"] is None
    a, b = monitoring.alerts(number)
    assert (a["status"], a["heartbeats"], len(a["episodes"])) == ("firing", 2, 2)
    assert (b["status"], b["heartbeats"], len(b["episodes"])) == ("resolved", 1, 1)
    assert a["episodes"][0]["ended_at"] == "2026-11-23T08:30:00Z"
    cases = done(monitoring.desk.technician.get("/cases", after=int(again.headers["position"])))["items"]
    assert [case["number"] for case in cases if case["channel"] == "monitoring"] == [number]


def test_the_bytes_are_on_the_record_as_they_came(monitoring: Monitoring, database: TestDatabase) -> None:
    raw = b' {"alerts" : [{"status":"firing","labels":{"alertname":"x"}}], "version":"4"}\n'
    answer = monitoring.alertmanager(raw)
    with psycopg.connect(database.superuser) as connection:
        stored = connection.execute(
            "SELECT e.state, d.value FROM ledger.stored_events e JOIN vault.disclosures d USING (originator_id, originator_version)"
            " WHERE e.originator_id = %s",
            (answer.json()["message"],),
        ).fetchall()
    [(state, value)] = stored
    assert b64decode(json.loads(value)["raw"]) == raw
    assert json.loads(state)["sha256"] == sha256(raw).hexdigest()


def test_alerts_of_two_services_in_one_notification_are_two_cases(monitoring: Monitoring) -> None:
    key = monitoring.source(
        rules=[{"match": {"job": "lpd"}, "service": "printing"}], defaults={"match": {}, "service": "email"}
    )
    answer = monitoring.alertmanager(group(alert("a", job="lpd"), alert("b"), alert("c", job="lpd")), key)
    first, second = answer.json()["cases"]
    assert [told["case"] for told in answer.json()["alerts"]] == [first, second, first]
    assert [monitoring.case(n)["service"] for n in (first, second)] == ["printing", "email"]


def test_an_alert_that_begins_beside_others_joins_their_open_case(monitoring: Monitoring) -> None:
    key = monitoring.source()
    number = monitoring.alertmanager(group(alert("a")), key).json()["case"]
    joined = monitoring.alertmanager(group(alert("a"), alert("b")), key).json()
    assert (joined["outcome"], joined["cases"]) == ("recorded", [number])
    assert [told["became"] for told in joined["alerts"]] == ["heartbeat", "joins"]
    assert monitoring.topics(number) == ["case.logged", "case.alerted", "case.alerted"]
    assert len(monitoring.alerts(number)) == 2
    apart = monitoring.alertmanager(group(alert("c")), key).json()
    assert apart["case"] != number


def test_whatever_is_said_of_the_others_and_in_whatever_order_it_is_one_case(monitoring: Monitoring) -> None:
    key = monitoring.source()
    said = [
        group(alert("a"), alert("b")),
        group(alert("a"), alert("b", firing=False), alert("c")),
        group(*(alert(host, firing=False) for host in "abc")),
        group(alert("a", episode=2), alert("d", episode=2)),
    ]
    for number, order in enumerate(permutations(said)):
        renamed = json.loads(json.dumps(order).replace(".example", f".{number}.example"))
        cases = {case for message in renamed for case in monitoring.alertmanager(message, key).json()["cases"]}
        assert len(cases) == 1, order


def test_a_new_episode_of_a_resolved_case_reopens_it(monitoring: Monitoring) -> None:
    key = monitoring.source()
    number = monitoring.alertmanager(group(alert()), key).json()["case"]
    monitoring.resolve(number)
    repeat = monitoring.alertmanager(group(alert()), key).json()
    assert (repeat["outcome"], monitoring.case(number)["status"]) == ("duplicate", "resolved")  # the same episode
    again = monitoring.alertmanager(group(alert(episode=1)), key).json()
    assert (again["case"], again["alerts"][0]["became"]) == (number, "reopens")
    case = monitoring.case(number)
    assert (case["status"], case["team"], case["reopenings"]) == ("assigned", "network", 1)
    assert monitoring.topics(number)[-2:] == ["case.reopened", "case.alerted"]
    refused(
        monitoring.desk.network.post(
            f"/cases/{number}/resolve",
            {
                "code": "fixed",
                "solution": "x",
                "workaround": False,
                "cause_corrected": "yes",
                "problem": None,
            },
        ),
        409,
        "verification-required",
    )


def test_a_new_episode_of_a_closed_case_is_a_new_one_that_follows_it_up(monitoring: Monitoring) -> None:
    key = monitoring.source()
    number = monitoring.alertmanager(group(alert()), key).json()["case"]
    monitoring.close(monitoring.resolve(number))
    before = monitoring.etag(number)
    ended = monitoring.alertmanager(group(alert(firing=False)), key).json()
    assert (ended["outcome"], monitoring.etag(number)) == ("recorded", before)  # a closed case is not written to
    again = monitoring.alertmanager(group(alert(episode=1)), key)
    assert (again.status_code, again.json()["alerts"][0]["became"]) == (201, "follows_up")
    new = again.json()["case"]
    assert new != number
    assert monitoring.case(new)["follow_up_of"] == number
    assert monitoring.alertmanager(group(alert(episode=1)), key).json()["case"] == new
    assert monitoring.alertmanager(group(alert(episode=2)), key).json()["case"] == new


def test_recovery_is_evidence_and_neither_verifies_nor_closes(monitoring: Monitoring) -> None:
    key = monitoring.source()
    number = monitoring.assign(monitoring.alertmanager(group(alert()), key).json()["case"])
    monitoring.alertmanager(group(alert(firing=False)), key)
    assert monitoring.case(number)["status"] == "assigned"
    body = {"code": "fixed", "solution": "x", "workaround": False, "cause_corrected": "yes", "problem": None}
    refused(monitoring.desk.network.post(f"/cases/{number}/resolve", body), 409, "verification-required")


def test_an_episode_after_the_verification_makes_that_old_news(monitoring: Monitoring) -> None:
    key = monitoring.source()
    number = monitoring.assign(monitoring.alertmanager(group(alert()), key).json()["case"])
    monitoring.act(
        number, "verify", {"satisfactory": True, "able_to_work": True, "method": "phone"}, monitoring.desk.network
    )
    monitoring.alertmanager(group(alert(episode=1)), key)
    body = {"code": "fixed", "solution": "x", "workaround": False, "cause_corrected": "yes", "problem": None}
    refused(monitoring.desk.network.post(f"/cases/{number}/resolve", body), 409, "verification-required")


def test_a_recovery_of_what_nobody_knows_is_recorded_only(monitoring: Monitoring) -> None:
    key = monitoring.source()
    told = monitoring.alertmanager(group(alert(firing=False)), key)
    assert (told.status_code, told.json()["outcome"], told.json()["case"]) == (200, "recorded", None)
    assert monitoring.alertmanager(group(alert(firing=False)), key).json()["outcome"] == "duplicate"


def test_an_old_message_that_comes_late_changes_nothing(monitoring: Monitoring) -> None:
    key = monitoring.source()
    number = monitoring.alertmanager(group(alert(episode=2)), key).json()["case"]
    before, seen = monitoring.etag(number), monitoring.alerts(number)
    late = [group(alert(episode=1)), group(alert(episode=1, firing=False))]
    for message in late:
        assert monitoring.alertmanager(message, key).json()["case"] == number
    assert (monitoring.etag(number), monitoring.alerts(number)) == (before, seen)


def test_alerts_that_were_left_out_make_the_case_incomplete_once(monitoring: Monitoring) -> None:
    key = monitoring.source()
    whole = monitoring.alertmanager(group(alert()), key).json()["case"]
    assert monitoring.case(whole)["incomplete"] is False
    monitoring.alertmanager(group(alert(), truncatedAlerts=7), key)
    case = monitoring.case(whole)
    assert (case["incomplete"], case["truncated"]) == (True, True)
    assert "alerts" in case["missing"]
    before = monitoring.etag(whole)
    monitoring.alertmanager(group(alert(), truncatedAlerts=9), key)
    assert monitoring.etag(whole) == before
    number = monitoring.alertmanager(group(alert("z"), truncatedAlerts=7), key).json()["case"]
    assert monitoring.case(number)["incomplete"] is True


@pytest.mark.parametrize("count", [True, False, None, "7", 7.5, -1, [7]])
def test_a_wrong_count_of_left_out_alerts_is_none(monitoring: Monitoring, count: Any) -> None:
    """`true` counts as an integer in Python: stored, it made the event unreadable and halted the projector."""
    key = monitoring.source()
    number = monitoring.alertmanager(group(alert(), truncatedAlerts=count), key).json()["case"]
    assert monitoring.case(number)["truncated"] is False
    assert monitoring.alertmanager(group(alert("y"), truncatedAlerts=count), key).status_code in (200, 201)
    assert monitoring.case(number)["number"] == number


def test_an_alert_is_its_sources(monitoring: Monitoring) -> None:
    one, other = monitoring.source("one"), monitoring.source("other")
    first, second = (monitoring.alertmanager(group(alert()), key).json() for key in (one, other))
    assert (first["outcome"], second["outcome"]) == ("opened", "opened")
    assert first["case"] != second["case"]


def test_a_continued_case_passes_its_alerts_on_to_the_first(monitoring: Monitoring) -> None:
    key = monitoring.source()
    one = monitoring.alertmanager(group(alert("a"), alert("b", service="email")), key).json()
    first, second = one["cases"]
    assert monitoring.case(first)["customer"]["id"] == monitoring.case(second)["customer"]["id"]
    monitoring.act(second, "relate", {"case": first, "kind": "duplicate", "reason": "one outage"})
    assert monitoring.case(second)["status"] == "resolved"
    told = monitoring.alertmanager(group(alert("b", service="email", episode=1)), key).json()
    assert told["outcome"] == "recorded"
    assert monitoring.topics(first)[-1] == "case.alerted"
    assert monitoring.case(second)["status"] == "resolved"
    monitoring.resolve(first)
    monitoring.alertmanager(group(alert("b", service="email", episode=2), alert("a", episode=2)), key)
    assert [monitoring.case(n)["status"] for n in (first, second)] == ["assigned", "logged"]


def test_the_same_from_two_processes_at_once_is_one_case(
    monitoring: Monitoring, serve: Serve, database: TestDatabase, tmp_path: Path
) -> None:
    key = monitoring.source()
    second = Monitoring(serve(database, tmp_path))
    for round_ in range(5):
        message = group(*(alert(f"{round_}-{host}") for host in range(3)))
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit((monitoring, second)[n % 2].alertmanager, message, key) for n in range(8)]
        answers = [each.result() for each in sent]
        assert {answer.status_code for answer in answers} == {200, 201}
        assert len({answer.json()["case"] for answer in answers}) == 1
        assert [answer.json()["outcome"] for answer in answers].count("opened") == 1
        assert sum(alert["heartbeats"] for alert in monitoring.alerts(answers[0].json()["case"])) == 3 * 7


def test_two_processes_that_each_hear_of_half_a_recovery_observe_it_once(
    monitoring: Monitoring, serve: Serve, database: TestDatabase, tmp_path: Path
) -> None:
    key = monitoring.source()
    second = Monitoring(serve(database, tmp_path))
    for round_ in range(5):
        hosts = [f"{round_}-{host}" for host in range(4)]
        number = monitoring.alertmanager(group(*map(alert, hosts)), key).json()["case"]
        with ThreadPoolExecutor(4) as pool:
            sent = [
                pool.submit((monitoring, second)[n % 2].alertmanager, group(alert(host, firing=False)), key)
                for n, host in enumerate(hosts)
            ]
        assert {each.result().status_code for each in sent} == {200}
        assert monitoring.topics(number).count("case.recovery_observed") == 1


def test_what_is_written_of_a_message_is_in_proportion_to_it(monitoring: Monitoring, database: TestDatabase) -> None:
    """However many alerts a case has, and however often one of them flaps: a batch of events is a bounded memory."""
    key = monitoring.source()
    number = monitoring.alertmanager(group(*(alert(f"h{n}") for n in range(300))), key).json()["case"]
    before = monitoring.desk.office.position
    for episode in range(15):
        assert monitoring.alertmanager(group(alert("h1", episode=episode)), key).status_code == 200
        assert monitoring.alertmanager(group(alert("h1", episode=episode, firing=False)), key).status_code == 200
    with psycopg.connect(database.superuser) as connection:
        [(largest,)] = connection.execute(
            "SELECT max(length(state)) FROM ledger.stored_events WHERE notification_id > %s", (before,)
        ).fetchall()
    assert largest < 3_000
    assert len(monitoring.alerts(number)) == 300
    [flapping] = [told for told in monitoring.alerts(number) if len(told["episodes"]) > 1]
    assert (flapping["status"], len(flapping["episodes"]), flapping["episodes_forgotten"]) == ("resolved", 10, 5)


def test_alerts_are_read_in_pages_those_that_fire_first(monitoring: Monitoring) -> None:
    key = monitoring.source()
    hosts = [f"h{n}" for n in range(5)]
    number = monitoring.alertmanager(group(*map(alert, hosts)), key).json()["case"]
    monitoring.alertmanager(group(alert("h2", firing=False)), key)
    path = f"/cases/{number}/alerts"
    first = done(monitoring.desk.technician.get(path, limit=2))
    second = done(monitoring.desk.technician.get(path, limit=2, cursor=first["next_cursor"]))
    third = done(monitoring.desk.technician.get(path, limit=2, cursor=second["next_cursor"]))
    pages = [*first["items"], *second["items"], *third["items"]]
    assert (pages, third["next_cursor"]) == (monitoring.alerts(number), None)
    assert [each["status"] for each in pages] == [*["firing"] * 4, "resolved"]
    refused(monitoring.desk.technician.get(path, cursor="zz"), 400, "invalid-cursor")


@pytest.mark.parametrize("role", ["technician", "network", "auditor"])
def test_staff_read_alerts(monitoring: Monitoring, role: str) -> None:
    number = monitoring.alertmanager(group(alert())).json()["case"]
    assert len(done(getattr(monitoring.desk, role).get(f"/cases/{number}/alerts"))["items"]) == 1


def test_intake_reads_no_alerts_and_a_case_without_any_has_none(monitoring: Monitoring) -> None:
    number = monitoring.desk.log()["number"]
    assert monitoring.alerts(number) == []
    refused(monitoring.gateway.get(f"/cases/{number}/alerts"), 403, "forbidden")
    refused(monitoring.desk.technician.get("/cases/INC-9999999/alerts"), 404, "not-found")
