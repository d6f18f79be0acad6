"""Scheduled reports by HTTPS: each issue is an event that a webhook subscribes to."""

from __future__ import annotations

from datetime import timedelta

from standardwebhooks import Webhook

from application.processes.scheduled_reports import issue_due
from domain.clock import AheadClock
from infrastructure.views.questions.postgres_views import views_on
from tests.acceptance.conftest import done
from tests.acceptance.scheduled.conftest import DAILY, Scheduling
from tests.acceptance.scheduled.test_workers import AHEAD
from tests.acceptance.webhooks.conftest import Hooks
from tests.acceptance.webhooks.receiver import Receiver
from tests.blocking import open_desk
from tests.conftest import TestDatabase


def test_an_issue_is_posted_signed_to_the_webhooks_that_subscribe(
    hooks: Hooks, receiver: Receiver, database: TestDatabase
) -> None:
    """The webhooks' own delivery: its addresses, retries and log count here too."""
    secret = hooks.subscribe(receiver.url, "hub", "report.*")
    scheduling = Scheduling(hooks.desk, None)
    done(scheduling.schedule({**DAILY, "mail_to": []}))
    hooks.desk.log()
    hooks.desk.catch_up()
    with (
        open_desk(database, AheadClock(timedelta(hours=AHEAD)), component="processes") as processes,
        processes.on_pool(database, "processes", views_on) as views,
    ):
        while processes.report_issues.due(processes.clock.now()):
            hooks.desk.catch_up()
            processes.run(issue_due, views)
    issued = len(scheduling.issued())
    answers = iter([503])
    receiver.answer = lambda _: next(answers, 204)
    hooks.work()
    messages = receiver.wait(lambda all_: len(all_) > issued)
    assert messages[0].id == messages[1].id, "a message that was not taken comes again"
    events = [Webhook(secret).verify(each.body, each.headers) for each in messages[1:]]
    assert [each["type"] for each in events] == ["report.issued"] * issued
    documents = [each["data"]["data"]["document"] for each in events]
    assert {(each["report"], each["by"]) for each in documents} == {("volume", "team")}
    assert sum(each["totals"]["cases"] for each in documents) == 1
    assert [each["status"] for each in hooks.attempts()][:2] == [503, 204]
