"""Each alert of a notification is read by itself, and no time of a sender's holds up a later one (field inputs 20, 22)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from tests.acceptance.conftest import done
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.conftest import DATA

ODD: list[Any] = [
    {**alert("b"), "labels": ["a"]},
    {**alert("c"), "labels": {"alertname": {"a": 1}}},
    {**alert("d"), "labels": None},
    {**alert("e"), "status": "asleep"},
    {**alert("f"), "startsAt": "yesterday"},
    {**alert("g"), "startsAt": 10**400},
    {**alert("h"), "labels": {f"l{n}": "x" for n in range(300)}},
    {**alert("i"), "annotations": "none"},
    None,
    7,
    "x",
    [],
]


def field(name: str) -> Any:
    given = DATA / "field" / name
    if not given.exists():
        pytest.skip("the field's inputs are not beside the checkout")
    return json.loads(given.read_text(encoding="utf-8"))


def test_r_5_1d_a_bad_alert_waits_in_the_quarantine_beside_the_good_ones(monitoring: Monitoring) -> None:
    key = monitoring.source()
    for odd in ODD:
        host = f"good-{ODD.index(odd)}"
        message = group(alert(host), odd, alert(f"{host}-too"))
        answer = monitoring.alertmanager(message, key)
        assert (answer.status_code, answer.json()["outcome"]) == (201, "opened"), odd
        assert len(answer.json()["alerts"]) == 2
        [kept] = answer.json()["quarantined"]
        assert kept["alert"] == 2
        held = done(monitoring.desk.technician.get(f"/quarantine/{kept['message']}"))
        assert (held["state"], held["alert"], held["why"]) == ("quarantined", "2 of 3", kept["why"])
        assert held["part_of"] == answer.json()["message"]
        assert json.loads(held["text"]) == odd
        again = monitoring.alertmanager(message, key)
        assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")
        assert again.json()["quarantined"] == [kept]
        beside = monitoring.alertmanager(group(alert(host), odd), key)
        assert beside.json()["quarantined"][0]["message"] == kept["message"], "in another notification it is the same"
    monitoring.desk.catch_up()
    waiting = done(monitoring.desk.technician.get("/quarantine", limit=200))["items"]
    assert len(waiting) == len(ODD)


def test_what_has_no_good_alert_waits_as_a_whole(monitoring: Monitoring) -> None:
    answer = monitoring.alertmanager({"version": "4", "alerts": [7, *ODD]})
    assert (answer.status_code, answer.json()["outcome"]) == (202, "quarantined")
    held = done(monitoring.desk.technician.get(f"/quarantine/{answer.json()['message']}"))
    assert held["why"] == f"alert 1 of {len(ODD) + 1}: an alert is an object"


def test_a_bad_alert_beside_what_is_known_is_news(monitoring: Monitoring) -> None:
    key = monitoring.source()
    monitoring.alertmanager(group(alert()), key)
    assert monitoring.alertmanager(group(alert(), ODD[0]), key).json()["outcome"] == "recorded"


def test_scalars_are_texts_and_long_names_are_cut_with_a_mark(monitoring: Monitoring) -> None:
    labels = {"alertname": "Odd", "instance": None, "shard": 7, "ratio": 1.5, "primary": True, "x" * 900: "y" * 9_000}
    whole = {**alert(), "labels": labels, "annotations": {"n": 3, "deep": {"a": [1]}}, "fingerprint": 17}
    answer = monitoring.alertmanager(group(whole, truncatedAlerts="none"))
    assert answer.status_code == 201, answer.text
    said = monitoring.case(answer.json()["case"])["description"]
    for text in ("instance=,", "shard=7", "ratio=1.5", "primary=true", "x…", "n: 3", 'deep: {"a":[1]}'):
        assert text in said
    cut, other = ({**alert(), "labels": {"a" * 300 + end: "1", "n": end}} for end in "xy")
    two = monitoring.alertmanager(group(cut, other)).json()["alerts"]
    assert len({told["fingerprint"] for told in two}) == 2


def test_scalars_are_texts_at_every_door(monitoring: Monitoring) -> None:
    key = monitoring.source("pd", "pagerduty")
    told = monitoring.pagerduty("trigger", key, source=7, component=None, custom_details={"n": None, "ok": False})
    assert (told.status_code, told.json()["outcome"]) == (202, "opened"), told.text
    event = {"specversion": 1.0, "id": 5, "source": "s", "type": "t", "subject": None, "ratio": 0.5, "x": "y" * 5_000}
    batch = [{**event, "data": {"labels": {"a": None, "b": 2}}}, {**event, "id": None}, 7]
    answer = monitoring.post("/intake/cloudevents", batch, Content_Type="application/cloudevents-batch+json")
    assert [each["outcome"] for each in answer.json()["events"]] == ["opened", "quarantined", "quarantined"]


@pytest.mark.parametrize(("name", "count"), [("20-odd-alerts.json", 3), ("20-one-bad-alert.json", 2)])
def test_field_20_each_alert_is_read_by_itself(monitoring: Monitoring, name: str, count: int) -> None:
    answer = monitoring.alertmanager(field(name))
    assert (answer.status_code, len(answer.json()["alerts"]), answer.json()["quarantined"]) == (201, count, [])
    assert len(monitoring.alerts(answer.json()["case"])) == count
    assert "Disk 95 percent full" in monitoring.case(answer.json()["case"])["description"]


# times


def test_field_22_a_start_in_the_future_holds_up_no_later_signal(monitoring: Monitoring) -> None:
    first, second = field("22-future-start-1.json"), field("22-future-start-2.json")
    number = monitoring.alertmanager(first).json()["case"]
    assert monitoring.alertmanager(first).json()["outcome"] == "duplicate", "its start is its identity"
    over = monitoring.alertmanager(second).json()
    assert [told["became"] for told in over["alerts"]] == ["recovered"]
    assert monitoring.topics(number)[-1] == "case.recovery_observed"
    assert monitoring.alertmanager(first).json()["outcome"] == "duplicate", "an episode that is over begins no more"
    assert monitoring.alertmanager(second).json()["outcome"] == "duplicate"
    again = json.loads(json.dumps(first).replace("2027-06-09", "2026-06-10"))
    assert monitoring.alertmanager(again).json()["alerts"][0]["became"] == "appended"
    [seen] = monitoring.alerts(number)
    assert seen["status"] == "firing"
    assert [each["stated_at"] for each in seen["episodes"]] == ["2027-06-09T06:22:00Z", "2026-06-10T06:22:00Z"]
    never_negative(monitoring, number)


def never_negative(monitoring: Monitoring, number: str) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    for seen in monitoring.alerts(number):
        for each in seen["episodes"]:
            began, heard = (datetime.fromisoformat(each[name]) for name in ("started_at", "last_seen_at"))
            assert began <= heard <= now
            assert each["ended_at"] is None or began <= datetime.fromisoformat(each["ended_at"]) <= now
        starts = [each["started_at"] for each in seen["episodes"]]
        assert starts == sorted(starts)
    recovered = monitoring.case(number)["recovered_at"]
    assert recovered is None or datetime.fromisoformat(recovered) <= now


FAR = [
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "2016-12-31T23:59:60Z",
    "2026-11-23T08:00:00",
    "2026-11-23 08:00:00z",
    "2026-11-23T08:00:00.123456789Z",
]


ENDS = ["0001-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", ""]


def test_whatever_a_senders_clock_says_the_alert_counts_and_lasts_no_less_than_nothing(monitoring: Monitoring) -> None:
    for place, (start, end) in enumerate(product(FAR, ENDS)):
        host = f"h{place}"
        fires = {**alert(host), "startsAt": start}
        recovers = {**alert(host, firing=False), "startsAt": start, "endsAt": end}
        number = monitoring.alertmanager(group(fires)).json()["case"]
        assert number is not None, start
        assert monitoring.alertmanager(group(fires)).json()["outcome"] == "duplicate", start
        assert monitoring.alertmanager(group(recovers)).json()["alerts"][0]["became"] == "recovered", (start, end)
        never_negative(monitoring, number)
        now = datetime.now(UTC)
        later = monitoring.alertmanager(group({**alert(host), "startsAt": now.isoformat()})).json()
        assert (later["case"], later["alerts"][0]["became"]) == (number, "appended"), start
        before = {"startsAt": now.isoformat(), "endsAt": (now - timedelta(seconds=1)).isoformat()}
        monitoring.alertmanager(group({**alert(host, firing=False), **before}))
        never_negative(monitoring, number)
        [seen] = monitoring.alerts(number)
        assert seen["status"] == "resolved"


def test_protocols_without_episodes_have_no_negative_ones(monitoring: Monitoring) -> None:
    key = monitoring.source("pd", "pagerduty")
    number = monitoring.pagerduty("trigger", key, "disk", timestamp="2030-01-01T00:00:00Z").json()["case"]
    monitoring.pagerduty("resolve", key, "disk")
    event = {"specversion": "1.0", "source": "s", "subject": "disk", "time": "2030-01-01T00:00:00Z"}
    headers = {"Content_Type": "application/cloudevents+json"}
    other = monitoring.post("/intake/cloudevents", {**event, "id": "1", "type": "fired"}, **headers).json()["case"]
    monitoring.post(
        "/intake/cloudevents", {**event, "id": "2", "type": "x.resolved", "time": "2020-01-01T00:00:00Z"}, **headers
    )
    for each in (number, other):
        assert monitoring.topics(each)[-1] == "case.recovery_observed"
        never_negative(monitoring, each)
