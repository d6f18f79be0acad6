"""Every real mail of `data/mail` through `POST /intake/email`: none is lost, no robot opens a case, none counts twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.administration.catalogue import OPERATOR
from application.mail_in.envelope import NO_ENVELOPE, Envelope
from application.mail_in.intake import MailOutcome
from application.mail_in.parsing import Mail, read_mail
from domain.values import Role
from infrastructure.views.projector import Projector
from tests.acceptance.conftest import RunningDesk, served
from tests.acceptance.mail.corpus import corpus, needs_corpus
from tests.acceptance.mail.correspondence import gateway
from tests.acceptance.mail.feeding import OURS
from tests.acceptance.operating import feeding
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned, differences

pytestmark = needs_corpus
GOLDEN = Path(__file__).parents[2] / "golden" / "mail_outcomes.txt"
"""What became of each file when all are handed in by name, read by a person: a line that changes is to be read again."""
Answers = dict[str, tuple[int, dict[str, Any]]]


def fed(desk: RunningDesk) -> Answers:
    """Hand everything in, in the order of names."""
    http, answers = gateway(desk).http, Answers()
    for name, raw in corpus().items():
        answer = http.post("/intake/email", content=raw, headers={"Content-Type": "message/rfc822"})
        answers[name] = (answer.status_code, answer.json())
    return answers


@pytest.fixture(scope="module")
def database(server: str) -> Iterator[TestDatabase]:
    with cloned(server) as made:
        yield made


@pytest.fixture(scope="module")
def desk(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with served(database, tmp_path_factory.mktemp("keys")) as running:
        yield running


@pytest.fixture(scope="module")
def answers(desk: RunningDesk) -> Answers:
    return fed(desk)


def events(database: TestDatabase, topic: str) -> list[tuple[str, ...]]:
    with closing(psycopg.connect(database.superuser)) as connection:
        query = "SELECT convert_from(state, 'UTF8') FROM ledger.stored_events WHERE topic = %s"
        return connection.execute(query, (topic,)).fetchall()


def test_r_5_1d_every_answer_names_an_outcome_and_none_is_an_error(answers: Answers) -> None:
    assert len(answers) == len(corpus()) > 700
    assert {status for status, _ in answers.values()} <= {200, 201, 202}
    assert {said["outcome"] for _, said in answers.values()} <= {*MailOutcome}
    assert all(said["message"] for _, said in answers.values())


def test_the_table_of_outcomes_is_as_it_was_reviewed(answers: Answers, tmp_path: Path) -> None:
    table = "".join(f"{name} {said['outcome']}\n" for name, (_, said) in answers.items())
    (now := tmp_path / GOLDEN.name).write_text(table, encoding="utf-8")
    assert table == GOLDEN.read_text(encoding="utf-8"), f"compare {now}"


def test_of_the_reports_in_sisimai_s_set_none_opens_a_case_but_what_people_forwarded(answers: Answers) -> None:
    """An independent word: each file there is a report or an automatic answer, by the name of who made it."""
    opened = {
        name for name, (_, said) in answers.items() if said["outcome"] == "opened" and name.startswith("sisimai/")
    }
    by_people = {"not/is-not-bounce-01", "not/is-not-bounce-02", "bsd/lhost-sendmail-14", "err/make-test-36"}
    assert opened == {f"sisimai/maildir/{name}.eml" for name in by_people}


def test_a_report_or_a_robot_opens_no_case_and_gets_no_answer(
    desk: RunningDesk, database: TestDatabase, answers: Answers
) -> None:
    robots = [name for name in corpus() if (mail := read(name)).machine or mail.returned]
    assert len(robots) > 600
    assert {answers[name][1]["outcome"] for name in robots} <= {"bounce", "recorded", "duplicate"}
    opened = [said["case"] for _, said in answers.values() if said["outcome"] == "opened"]
    assert len(events(database, "case.logged")) == len(opened) == len(set(opened))
    queued = len(events(database, "message.queued"))
    assert 0 < queued <= len(opened), "at most one acknowledgement a case, and of nothing else"
    while desk.send_mail():
        pass
    assert len(desk.mail.messages()) == queued


def test_what_a_person_wrote_opens_a_case_or_joins_one(answers: Answers) -> None:
    people = [name for name in corpus() if not ((mail := read(name)).machine or mail.returned or mail.held)]
    assert {answers[name][1]["outcome"] for name in people} <= {"opened", "reply", "duplicate"}
    assert all(answers[name][1]["case"] for name in people)


def test_r_5_1c_the_same_again_is_a_duplicate_that_names_the_first(desk: RunningDesk, answers: Answers) -> None:
    again = fed(desk)
    assert {said["outcome"] for _, said in again.values()} == {"duplicate"}
    assert {name: (s["case"], s["message"]) for name, (_, s) in again.items()} == {
        name: (s["case"], s["message"]) for name, (_, s) in answers.items()
    }


def test_the_views_show_what_the_events_say(desk: RunningDesk, database: TestDatabase, answers: Answers) -> None:
    assert answers
    desk.catch_up()
    assert differences(database) == {}


def read(name: str, envelope: Envelope = NO_ENVELOPE) -> Mail:
    return read_mail(corpus()[name], envelope, OURS)


def test_a_mail_is_what_it_is_whoever_passes_it_on() -> None:
    """A relay writes itself on the envelope, and what is known of the sender stands in the header only."""
    passed_on = Envelope("relay@agency.example", (OURS.mailbox,))
    for name in corpus():
        one, other = read(name), read(name, passed_on)
        assert (one.held, one.machine, one.returned) == (other.held, other.machine, other.returned), name


def test_r_5_1c_fed_twice_by_two_processes_in_any_order_and_killed_before_they_acknowledge_it_is_the_same(
    server: str, answers: Answers
) -> None:
    with cloned(server) as database:
        with open_desk(database) as office:
            office.policy.adopt(OPERATOR)
            office.grants.ensure("mail.gateway", Role.INTAKE, None, None, OPERATOR, anew=False)
        acknowledged: list[set[str]] = [set(), set()]
        killed = 0
        for kill in (40, 150, 0):
            feeders = [
                feeding("tests.acceptance.mail.feeding", database, seed, kill, acknowledged[seed]) for seed in range(2)
            ]
            for seed, feeder in enumerate(feeders):
                told, _ = feeder.communicate(timeout=300)
                acknowledged[seed] |= set(told.splitlines())
                assert feeder.returncode == (-9 if kill else 0)
                killed += bool(kill)
        assert killed == 4
        assert acknowledged == [set(corpus())] * 2
        assert outcomes(database) == Counter(
            said["outcome"] for _, said in answers.values() if said["outcome"] != "duplicate"
        )
        opened = [said["case"] for _, said in answers.values() if said["outcome"] == "opened"]
        assert len(events(database, "case.logged")) == len(opened)
        assert differences_after_folding(database) == {}


_TOPICS = {
    "intake.logged": "opened",
    "intake.joined": "reply",
    "intake.returned": "bounce",
    "intake.recorded": "recorded",
    "intake.quarantined": "quarantined",
}


def outcomes(database: TestDatabase) -> Counter[str]:
    return Counter({outcome: count for topic, outcome in _TOPICS.items() if (count := len(events(database, topic)))})


def differences_after_folding(database: TestDatabase) -> dict[str, int]:
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
    return differences(database)
