"""Mails of monitoring systems (`intake.md`, E-mail): registered ones open and update cases, and nobody ever answers one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import done
from tests.acceptance.mail.correspondence import hand_in, mail, sent_in
from tests.acceptance.mail.servers import deliver, delivered_to
from tests.acceptance.monitoring.conftest import Monitoring
from tests.acceptance.travelling import mails

NAGIOS = "Nagios <Nagios@monitor.example>"
DOWN, UP = "** PROBLEM Host Alert: db-1 is DOWN **", "** RECOVERY Host Alert: db-1 is UP **"


@pytest.fixture
def nagios(monitoring: Monitoring) -> Monitoring:
    register(monitoring)
    return monitoring


def register(monitoring: Monitoring, **entry: Any) -> None:
    defaults = {"match": {}, "service": "printing", "impact": 1}
    monitoring.source("nagios", "mail", contact={"senders": "nagios@monitor.example"}, defaults=defaults, **entry)


def alarm(subject: str, text: str = "It is.", **headers: str) -> bytes:
    return mail(text, NAGIOS, Auto_Submitted="auto-generated", Subject=subject, **headers)


def test_a_registered_source_opens_a_case_of_its_channel_and_all_other_robots_open_none(
    monitoring: Monitoring,
) -> None:
    raw = alarm(DOWN)
    assert sent_in(monitoring.desk, raw)["outcome"] == "recorded"
    register(monitoring)
    assert sent_in(monitoring.desk, raw)["outcome"] == "duplicate", "it came before, when nobody knew the source"
    answer = sent_in(monitoring.desk, alarm(DOWN, "No ping."))
    assert answer["outcome"] == "opened"
    case = monitoring.case(answer["case"])
    assert (case["channel"], case["service"], case["customer"]["email"]) == ("monitoring", "printing", None)
    assert (case["subject"], case["assumed"]["impact"]) == (DOWN, 1)
    assert "No ping." in case["description"]
    assert sent_in(monitoring.desk, mail(sender="cron@monitor.example", Auto_Submitted="yes"))["outcome"] == "recorded"


def test_it_updates_its_case_and_recovery_is_evidence(nagios: Monitoring) -> None:
    number = sent_in(nagios.desk, alarm(DOWN))["case"]
    etag = nagios.etag(number)
    again = sent_in(nagios.desk, alarm(f"Re: {DOWN}", "Still."))
    assert (again["outcome"], again["case"]) == ("recorded", number)
    assert nagios.etag(number) == etag, "a heartbeat moves no version"
    over = sent_in(nagios.desk, alarm(UP))
    assert (over["outcome"], over["case"]) == ("recorded", number)
    assert nagios.topics(number)[-1] == "case.recovery_observed"
    assert sent_in(nagios.desk, alarm(DOWN, "Down again."))["case"] == number
    assert nagios.topics(number)[-1] == "case.alerted"
    assert sent_in(nagios.desk, alarm("** PROBLEM Host Alert: db-2 is DOWN **"))["case"] != number
    unknown = sent_in(nagios.desk, alarm("** RECOVERY Host Alert: db-3 is UP **"))
    assert (unknown["outcome"], unknown["case"]) == ("recorded", None)


@pytest.mark.parametrize(
    ("fires", "recovers"),
    [
        ("Problem: Disk full on db-1", "Resolved in 3m 5s: Disk full on db-1"),
        ("[FIRING:1] DatasourceNoData", "[RESOLVED] DatasourceNoData"),
        ('ALARM: "queue depth" in US East', 'OK: "queue depth" in US East'),
        ("[PROBLEM] Disk on db-1 is CRITICAL!", "[RECOVERY] Disk on db-1 is OK!"),
    ],
)
def test_what_recovers_is_what_fired(nagios: Monitoring, fires: str, recovers: str) -> None:
    number = sent_in(nagios.desk, alarm(fires))["case"]
    assert sent_in(nagios.desk, alarm(recovers))["case"] == number
    assert nagios.topics(number)[-1] == "case.recovery_observed"


def test_nobody_writes_to_a_monitoring_system(nagios: Monitoring) -> None:
    number = sent_in(nagios.desk, alarm(DOWN))["case"]
    nagios.resolve(number)
    nagios.desk.send_mail()
    [told] = mails(nagios.desk, number)
    assert told.recipients == ("t.lee@desk.example",), "the service's owner is told (R-5.9g)"


def test_r_5_1c_the_same_mail_twice_is_one_and_by_the_listener_too(nagios: Monitoring) -> None:
    raw = alarm(DOWN)
    with delivered_to(nagios.desk) as port:
        ours = nagios.desk.office.addresses.mailbox
        assert deliver(port, raw, "", ours).startswith("250 2.0.0 opened")
        assert deliver(port, raw, "", ours).startswith("250 2.0.0 duplicate")
    assert hand_in(nagios.desk, raw).json()["outcome"] == "duplicate"


def test_what_another_process_registered_counts_at_once(monitoring: Monitoring) -> None:
    with delivered_to(monitoring.desk) as port:
        ours = monitoring.desk.office.addresses.mailbox
        assert deliver(port, alarm(UP), "", ours).startswith("250 2.0.0 recorded")
        register(monitoring)
        assert deliver(port, alarm(DOWN), "", ours).startswith("250 2.0.0 opened")


def test_more_than_ten_cases_an_hour_go_to_the_last_of_them(nagios: Monitoring) -> None:
    def down(host: int) -> dict[str, Any]:
        return sent_in(nagios.desk, alarm(f"** PROBLEM Host Alert: web-{host} is DOWN **"))

    answers = [down(host) for host in range(12)]
    assert [answer["outcome"] for answer in answers] == ["opened"] * 10 + ["reply"] * 2
    assert {answer["case"] for answer in answers[10:]} == {answers[9]["case"]}
    assert down(0)["outcome"] == "recorded", "what is known goes on"


def test_a_report_of_a_source_s_mail_server_is_a_report(nagios: Monitoring) -> None:
    answer = sent_in(nagios.desk, alarm("Undelivered Mail Returned to Sender", X_Failed_Recipients="a@x.example"))
    assert (answer["outcome"], answer["case"]) == ("bounce", None)


def test_a_source_that_is_retired_is_a_robot_like_others(nagios: Monitoring) -> None:
    register_retired = {"name": "Nagios", "kind": "mail", "retired": True}
    done(nagios.admin.http.put("/sources/nagios", json=register_retired, headers={"If-Match": "*"}))
    assert sent_in(nagios.desk, alarm(DOWN))["outcome"] == "recorded"


def test_r_5_1d_what_cannot_be_read_of_other_monitoring_is_shown_and_released_as_it_came(
    monitoring: Monitoring,
) -> None:
    """It waits in the same quarantine, and is no mail."""
    raw = '{"version": "4", "alerts": "disk full on db-1"}'
    message = done(monitoring.alertmanager(raw.encode(), monitoring.source()))["message"]
    assert done(monitoring.desk.technician.get(f"/quarantine/{message}"))["text"] == raw
    number = monitoring.desk.technician.post(f"/quarantine/{message}/release", {}).json()["case"]
    assert (monitoring.case(number)["channel"], monitoring.case(number)["description"]) == ("monitoring", raw)
