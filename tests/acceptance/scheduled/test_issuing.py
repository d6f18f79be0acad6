"""Scheduled reports from the policy to the mail: each period once, as of its end, by mail, and refused where it makes no sense."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.scheduled_reports.issues import MOST_MISSED
from tests.acceptance.conftest import done, refused
from tests.acceptance.mail.correspondence import sent_in
from tests.acceptance.scheduled.conftest import DAILY, Scheduling
from tests.acceptance.travelling import assigned, logged, travel
from tests.conftest import TestDatabase

DAY = timedelta(days=1)
BOUNCE = """From: MAILER-DAEMON@agency.example
To: {to}
Subject: Undelivered mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Nobody.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.agency.example

Final-Recipient: rfc822; director@agency.example
Action: failed
Status: 5.1.1
--b--
"""


def test_a_period_is_mailed_once_with_its_figures(scheduling: Scheduling) -> None:
    desk = scheduling.desk
    done(scheduling.schedule(DAILY))
    assigned(desk)
    logged(desk)
    travel(desk, DAY)
    logged(desk)
    assert scheduling.issue() == 1
    assert scheduling.issue() == 0
    assert desk.send_mail() >= 1
    [mail] = [each for each in desk.mail.messages() if each.subject.startswith("Report")]
    assert mail.subject == "Report daily: volume, 2040-10-01"
    assert mail.recipients == ("director@agency.example",)
    assert "Dee Rector" in mail.text
    assert "cases: 2" in mail.text
    [event] = scheduling.issued()
    position = event["data"]["as_of_position"]
    period = {"from": "2040-10-01", "to": "2040-10-02", "by": "team", "position": position}
    asked = desk.auditor.get("/reports/volume", **period)
    assert event["data"]["document"]["totals"] == done(asked)["totals"]
    assert event["data"]["document"]["rows"] == done(asked)["rows"]
    [file] = mail.parsed.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("daily-2040-10-01.csv", "text/csv")
    table = desk.auditor.get("/reports/volume", **period, format="csv").content
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.replace(b"as_of_position", b"") == table.replace(b"as_of_position", b"")
    assert "agency.example" not in str(event), "the record holds no address"
    assert (event["by"]["subject"], len(event["data"]["mails"])) == ("system:reports", 1)


def test_a_clock_that_steps_back_issues_no_second(scheduling: Scheduling) -> None:
    done(scheduling.schedule(DAILY))
    travel(scheduling.desk, DAY)
    assert scheduling.issue() == 1
    for step in (-DAY, DAY, timedelta(hours=-3), timedelta(hours=3)):
        travel(scheduling.desk, step)
        assert scheduling.issue() == 0
    assert len(scheduling.issued()) == 1


def test_missed_periods_are_made_up_the_oldest_first_and_none_before_the_schedule(scheduling: Scheduling) -> None:
    """It is Monday, 08:00: the report of Sunday was due at 07:00, before anybody had scheduled it."""
    done(scheduling.schedule(DAILY))
    assert scheduling.issue() == 0
    travel(scheduling.desk, 4 * DAY)
    assert scheduling.issue() == 4
    assert [each["data"]["period"] for each in scheduling.issued()] == [f"2040-10-0{day}" for day in (1, 2, 3, 4)]
    travel(scheduling.desk, 40 * DAY)
    assert scheduling.issue() == MOST_MISSED


def test_another_period_of_a_name_begins_anew_and_a_changed_form_does_not(scheduling: Scheduling) -> None:
    done(scheduling.schedule(DAILY))
    travel(scheduling.desk, DAY)
    done(scheduling.schedule({**DAILY, "form": "json"}))
    assert scheduling.issue() == 1
    assert scheduling.issued()[0]["data"]["form"] == "json"
    done(scheduling.schedule({**DAILY, "every": "week"}))
    assert scheduling.issue() == 0, "the week before was over before it was scheduled"
    travel(scheduling.desk, 7 * DAY)
    assert scheduling.issue() == 1
    assert scheduling.issued()[-1]["data"]["period"] == "2040-W40"


def test_the_list_shows_what_is_due_next_and_what_became_of_the_latest(
    scheduling: Scheduling, database: TestDatabase, tmp_path: Path
) -> None:
    done(scheduling.schedule(DAILY, {**DAILY, "name": "posted", "mail_to": [], "every": "month"}))
    daily, monthly = scheduling.standings()
    assert (daily["next_period"], daily["next_due_at"], daily["last"]) == ("2040-10-01", "2040-10-02T12:00:00Z", None)
    assert (monthly["next_period"], monthly["next_due_at"]) == ("2040-10", "2040-11-01T12:00:00Z")
    travel(scheduling.desk, DAY)
    scheduling.issue()
    assert scheduling.standings()[0]["last"]["mails"] == {"queued": 1}
    scheduling.desk.send_mail()
    daily = scheduling.standings()[0]
    assert (daily["last"]["period"], daily["last"]["mails"]) == ("2040-10-01", {"accepted": 1})
    assert daily["next_period"] == "2040-10-02"
    where = ("--data-dir", str(tmp_path), "--database-url", database.superuser)
    printed = CliRunner().invoke(app, ["report", "--scheduled", "--format", "json", *where])
    assert [each["name"] for each in json.loads(printed.stdout)["items"]] == ["daily", "posted"]
    assert "volume by team" in CliRunner().invoke(app, ["report", "--scheduled", *where]).stdout
    came_from = next(each for each in scheduling.desk.mail.messages() if each.subject.startswith("Report"))
    raw = BOUNCE.format(to=came_from.envelope_from).replace("\n", "\r\n").encode()
    assert sent_in(scheduling.desk, raw)["outcome"] == "bounce"
    assert scheduling.standings()[0]["last"]["mails"] == {"bounced": 1}


def test_a_reply_to_a_report_is_a_mail_like_any_other(scheduling: Scheduling) -> None:
    done(scheduling.schedule(DAILY))
    travel(scheduling.desk, DAY)
    scheduling.issue()
    scheduling.desk.send_mail()
    sent = next(each for each in scheduling.desk.mail.messages() if each.subject.startswith("Report"))
    raw = f"From: director@agency.example\r\nSubject: Re: figures\r\nIn-Reply-To: {sent.message_id}\r\n\r\nWhy so many?\r\n"
    assert sent_in(scheduling.desk, raw.encode())["outcome"] == "opened"


@pytest.mark.parametrize("form", ["table", "json", "svg", "png"])
def test_each_form_arrives_readable(scheduling: Scheduling, form: str) -> None:
    done(scheduling.schedule({**DAILY, "report": "backlog", "form": form}))
    assigned(scheduling.desk)
    travel(scheduling.desk, DAY)
    scheduling.issue()
    scheduling.desk.send_mail()
    mail = next(each for each in scheduling.desk.mail.messages() if each.subject.startswith("Report"))
    files = {str(each.get_filename()): each.get_payload(decode=True) for each in mail.parsed.iter_attachments()}
    assert "oldest_received_at: 2040-10-01 08:00" in mail.text
    assert "America/Chicago" in mail.html
    if form == "table":
        assert files == {}
        assert "network" in mail.text
        assert "<td>network</td>" in mail.html
        return
    content = files[f"daily-2040-10-01.{form}"]
    assert isinstance(content, bytes)
    if form == "json":
        assert json.loads(content) == scheduling.issued()[0]["data"]["document"]
    else:
        assert content.startswith(b"\x89PNG" if form == "png" else b"<?xml")
        assert form == "png" or b"time zone America/Chicago" in content


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"report": "no_such"}, "/report"),
        ({"report": "retention"}, "/report"),
        ({"by": "shoe_size"}, "/by"),
        ({"by": "team,team"}, "/by"),
        ({"every": "year"}, "/every"),
        ({"form": "docx"}, "/form"),
        ({"at": "25:00"}, "/at"),
        ({"mail_to": ["director", "stranger"]}, "/mail_to/1"),
        ({"url": "https://hub.example"}, "/url"),
    ],
)
def test_the_policy_refuses_what_cannot_be_issued(scheduling: Scheduling, wrong: dict[str, Any], pointer: str) -> None:
    good = {**DAILY, "name": "good"}
    problem = refused(scheduling.schedule(good, {**DAILY, **wrong}), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == f"/changes/scheduled_reports/1{pointer}"
    assert done(scheduling.admin.get("/policy"))["scheduled_reports"] == []


def test_whoever_left_the_directory_is_not_mailed(scheduling: Scheduling) -> None:
    done(scheduling.schedule(DAILY))
    retired = {"contact": {"name": "Dee Rector", "email": "director@agency.example"}, "retired": True}
    done(scheduling.admin.http.put("/customers/director", json=retired, headers={"If-Match": "*"}))
    travel(scheduling.desk, DAY)
    assert scheduling.issue() == 1
    assert scheduling.issued()[0]["data"]["mails"] == []
