"""SOP 7.1: who may act as what, by whose authorisation, and from when to when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.administration.catalogue import OPERATOR
from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, incident, refused
from tests.acceptance.office import administrator, ago
from tests.acceptance.travelling import on_monday, travel
from tests.conftest import TestDatabase

Positions = Callable[[], int]


@pytest.fixture(scope="module")
def admin(running: RunningDesk) -> Caller:
    """The administrator."""
    return administrator(running)


@pytest.fixture
def monday(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """A desk of a test's own whose clock stands still."""
    with on_monday(database, tmp_path) as desk:
        yield desk


def holder(desk: RunningDesk, subject: str, role: Role = Role.TECHNICIAN, team: str | None = None) -> Caller:
    """Somebody with a token, and without the grant it needs."""
    caller = Caller(desk.url, desk.tokens.issue(role, subject, team, timedelta(hours=1)))
    desk._callers.append(caller)
    return caller


def grant(admin: Caller, subject: str, role: str = "technician", **more: Any) -> dict[str, Any]:
    granted: dict[str, Any] = done(admin.post("/grants", {"subject": subject, "role": role, **more}))
    return granted


def revoke(admin: Caller, subject: str, role: str = "technician", **more: Any) -> dict[str, Any]:
    left: dict[str, Any] = done(admin.post(f"/grants/{subject}/revoke", {"role": role, **more}))
    return left


def test_r_7_1_a_token_without_a_grant_opens_nothing(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = running.log()["number"]
    before = positions()
    for role in (Role.TECHNICIAN, Role.AUDITOR, Role.DUTY_MANAGER, Role.REPORTER, Role.INTAKE, Role.ADMIN):
        stranger = holder(running, "no.body", role)
        for path in ("/cases", f"/cases/{number}", "/queues", "/events", "/reports/volume", "/services", "/grants"):
            with subtests.test(f"{role} {path}"):
                told = refused(stranger.get(path), 403, "forbidden")
                assert f"no grant of the role {role} is in force for no.body" in told["detail"]
        for path, body in (("/cases", incident()), (f"/cases/{number}/notes", {"text": "x"}), ("/grants", {})):
            with subtests.test(f"{role} POST {path}"):
                refused(stranger.post(path, body), 403, "forbidden")
    assert positions() == before


def test_r_7_1_a_grant_says_who_as_what_approved_by_whom_and_from_when_to_when(
    running: RunningDesk, admin: Caller
) -> None:
    until = datetime.now(UTC) + timedelta(days=30)
    body = {
        "subject": "n.new",
        "role": "team_member",
        "team": "network",
        "approved_by": "h.boss",
        "until": until.isoformat(),
        "reason": "starts on Monday",
    }
    before = datetime.now(UTC)
    answer = admin.post("/grants", body)
    assert (answer.status_code, answer.headers["location"]) == (201, "/grants/n.new")
    (granted,) = done(answer)["grants"]
    since = datetime.fromisoformat(granted.pop("since"))
    assert before <= since <= datetime.now(UTC)
    assert granted == {
        "role": "team_member",
        "team": "network",
        "approved_by": "h.boss",
        "until": until.isoformat().replace("+00:00", "Z"),
    }
    position = int(answer.headers["Position"])
    (event,) = done(running.auditor.http.get("/events", params={"after": position - 1, "limit": 1}))["items"]
    assert (event["topic"], event["by"]["subject"], event["by"]["role"]) == ("access.granted", "root", "admin")
    assert event["data"]["approved_by"] == "h.boss"
    assert "starts on Monday" not in str(event)
    everybody = done(running.auditor.get("/grants"))["items"]
    assert [item["grants"][0]["team"] for item in everybody if item["subject"] == "n.new"] == ["network"]
    assert done(running.auditor.get("/grants/n.new"))["subject"] == "n.new"
    assert done(holder(running, "n.new", Role.TEAM_MEMBER, "network").get("/cases"))


def test_r_7_1_a_revocation_counts_at_the_very_next_request(
    running: RunningDesk, admin: Caller, positions: Positions
) -> None:
    somebody, number = holder(running, "s.leaver"), running.log()["number"]
    grant(admin, "s.leaver")
    for turn in range(5):
        done(somebody.post(f"/cases/{number}/notes", {"text": f"turn {turn}"}))
        done(somebody.get(f"/cases/{number}"))
        assert revoke(admin, "s.leaver", reason="left us")["grants"] == []
        before = positions()
        told = refused(somebody.post(f"/cases/{number}/notes", {"text": "still here"}), 403, "forbidden")
        assert "s.leaver" in told["detail"]
        refused(somebody.get(f"/cases/{number}"), 403, "forbidden")
        refused(somebody.get("/queues"), 403, "forbidden")
        refused(somebody.post("/cases", incident()), 403, "forbidden")
        assert positions() == before
        grant(admin, "s.leaver")


def test_r_7_1_a_revocation_counts_at_the_next_command_in_a_second_process(
    running: RunningDesk, second: RunningDesk, admin: Caller, positions: Positions
) -> None:
    there, number = holder(second, "s.mover"), running.log()["number"]
    for _ in range(8):
        grant(admin, "s.mover")
        done(there.post(f"/cases/{number}/notes", {"text": "a grant counts at once there too"}))
        revoke(admin, "s.mover")
        before = positions()
        refused(there.post(f"/cases/{number}/notes", {"text": "x"}), 403, "forbidden")
        assert positions() == before


def test_r_7_1_a_revocation_reaches_the_readers_of_a_second_process(
    running: RunningDesk, second: RunningDesk, admin: Caller
) -> None:
    there = holder(second, "r.mover", Role.AUDITOR)
    grant(admin, "r.mover", "auditor")
    done(there.get("/cases"))
    revoke(admin, "r.mover", "auditor")
    answers = (there.get("/cases") for _ in range(1_000))
    refused(next(answer for answer in answers if answer.is_error), 403, "forbidden")
    refused(there.get("/cases"), 403, "forbidden")


def test_r_7_1_a_grant_is_of_one_role_and_one_team(running: RunningDesk, admin: Caller, positions: Positions) -> None:
    grant(admin, "t.one", "team_member", team="messaging")
    number = running.assigned()
    before = positions()
    refused(holder(running, "t.one", Role.TEAM_MEMBER, "network").post(f"/cases/{number}/accept", {}), 403, "forbidden")
    refused(holder(running, "t.one").post("/cases", incident()), 403, "forbidden")
    refused(holder(running, "t.one", Role.ADMIN).post("/grants", {}), 403, "forbidden")
    assert positions() == before
    here = holder(running, "t.one", Role.TEAM_MEMBER, "messaging")
    refused(here.post(f"/cases/{number}/accept", {}), 403, "not-assigned-team")


def test_r_7_1_revoking_one_role_leaves_the_others(running: RunningDesk, admin: Caller) -> None:
    grant(admin, "two.roles")
    grant(admin, "two.roles", "auditor")
    (left,) = revoke(admin, "two.roles")["grants"]
    assert left["role"] == "auditor"
    refused(holder(running, "two.roles").post("/cases", incident()), 403, "forbidden")
    done(holder(running, "two.roles", Role.AUDITOR).get("/cases"))


def test_r_7_1_a_grant_is_in_force_from_its_start_to_its_end_and_no_longer(monday: RunningDesk) -> None:
    admin, now = administrator(monday), monday.clock.now()
    since, until = now + timedelta(hours=1), now + timedelta(hours=2)
    grant(admin, "t.temp", since=since.isoformat(), until=until.isoformat())
    somebody = holder(monday, "t.temp")

    def allowed() -> bool:
        read, wrote = somebody.get("/cases"), somebody.post("/cases", {**incident(), "received_at": now.isoformat()})
        assert read.is_success == wrote.is_success
        return read.is_success

    assert not allowed()
    travel(monday, minutes=59, seconds=59)
    assert not allowed()
    travel(monday, seconds=1)
    assert allowed()
    travel(monday, minutes=59, seconds=59)
    assert allowed()
    travel(monday, seconds=1)
    assert not allowed()
    assert "no grant" in refused(somebody.get("/cases"), 403, "forbidden")["detail"]


def test_r_7_1_a_grant_does_not_start_before_it_was_given(running: RunningDesk, admin: Caller) -> None:
    before = datetime.now(UTC)
    (granted,) = grant(admin, "o.old", since=ago(days=10))["grants"]
    assert datetime.fromisoformat(granted["since"]) >= before


def test_r_7_1_only_the_administrator_grants_and_revokes(
    running: RunningDesk, admin: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    others = {
        "technician": running.technician,
        "team": running.network,
        "duty manager": running.caller(Role.DUTY_MANAGER, "d.manager"),
        "auditor": running.auditor,
        "intake": running.caller(Role.INTAKE, "mail.gateway"),
        "customer": running.caller(Role.CUSTOMER, "jo.field"),
    }
    before = positions()
    for who, by in others.items():
        with subtests.test(who):
            body = {"subject": "a.friend", "role": "admin"}
            assert "admin" in refused(by.post("/grants", body), 403, "forbidden")["detail"]
            refused(by.post("/grants/a.ortiz/revoke", {"role": "technician"}), 403, "forbidden")
    assert positions() == before


@pytest.mark.parametrize(
    ("pointer", "body"),
    [
        ("/subject", {"role": "auditor"}),
        ("/subject", {"subject": "two words\n", "role": "auditor"}),
        ("/role", {"subject": "x", "role": "king"}),
        ("/role", {"subject": "x", "role": "system"}),
        ("/role", {"subject": "x", "role": "external"}),
        ("/team", {"subject": "x", "role": "team_member"}),
        ("/team", {"subject": "x", "role": "auditor", "team": "network"}),
        ("/until", {"subject": "x", "role": "auditor", "until": "2016-04-20T00:00:00Z"}),
        ("/until", {"subject": "x", "role": "auditor", "since": ago(hours=-2), "until": ago(hours=-1)}),
        ("/until", {"subject": "x", "role": "auditor", "until": "2036-04-20T00:00:00"}),
        ("/colour", {"subject": "x", "role": "auditor", "colour": "red"}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_r_7_1_a_grant_is_taken_to_the_letter(
    admin: Caller, positions: Positions, pointer: str, body: dict[str, Any]
) -> None:
    problem = refused(admin.post("/grants", body), 422, "validation-failed")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert positions() == 0


def test_r_7_1_what_was_never_granted_cannot_be_revoked(admin: Caller, positions: Positions) -> None:
    grant(admin, "v.one", "auditor")
    before = positions()
    refused(admin.post("/grants/nobody.ever/revoke", {"role": "auditor"}), 404, "not-found")
    refused(admin.get("/grants/nobody.ever"), 404, "not-found")
    refused(admin.post("/grants/v.one/revoke", {"role": "technician"}), 422, "unknown-reference")
    refused(admin.post("/grants/v.one/revoke", {"role": "auditor", "team": "network"}), 422, "unknown-reference")
    assert positions() == before


def test_r_7_1_a_repeated_grant_is_recorded_once(admin: Caller, positions: Positions) -> None:
    body = {"subject": "k.keyed", "role": "auditor"}
    first, again = (admin.post("/grants", body, key="a grant") for _ in range(2))
    assert (again.status_code, done(again)) == (201, done(first))
    assert positions() == 2  # his record is opened, and he is granted the role


def test_r_7_1_the_operators_token_records_the_grant_it_needs(
    running: RunningDesk, shared_database: TestDatabase, keys: Path, admin: Caller, positions: Positions
) -> None:
    def issue(*more: str, code: int = 0) -> str:
        options = ["--subject", "o.night", "--data-dir", str(keys), "--database-url", shared_database.superuser]
        told = CliRunner().invoke(app, ["token", *options, *more])
        assert told.exit_code == code, told.output
        return " ".join((told.stderr if code else told.stdout).split())

    night = running.anonymous(issue("--role", "auditor"))
    done(night.get("/cases"))
    (granted,) = done(admin.get("/grants/o.night"))["grants"]
    assert (granted["role"], granted["approved_by"], granted["until"]) == ("auditor", "operator", None)
    recorded = positions()
    issue("--role", "auditor")
    assert positions() == recorded, "one is in force already"
    revoke(admin, "o.night", "auditor")
    recorded = positions()
    told = issue("--role", "auditor", code=2)
    assert "the grant of the role auditor to o.night was revoked" in told
    assert "--grant-again REASON" in told
    assert positions() == recorded
    refused(night.get("/cases"), 403, "forbidden")
    issue("--role", "auditor", "--grant-again", "came back")
    done(night.get("/cases"))
    issue("--role", "technician")
    assert {grant["role"] for grant in done(admin.get("/grants/o.night"))["grants"]} == {"auditor", "technician"}


def test_r_7_1_a_grant_that_has_run_out_is_not_given_again_silently(monday: RunningDesk) -> None:
    admin, soon = administrator(monday), monday.clock.now() + timedelta(hours=1)
    grant(admin, "t.temp", until=soon.isoformat())
    travel(monday, hours=2)
    assert not monday.office.grants.ensure("t.temp", Role.TECHNICIAN, None, None, OPERATOR, anew=False)
    refused(holder(monday, "t.temp").get("/cases"), 403, "forbidden")


def test_r_7_1_nobody_approves_their_own_grant(
    running: RunningDesk, admin: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    grant(admin, "second.root", "admin")
    second, before = holder(running, "second.root", Role.ADMIN), positions()
    for body in ({"role": "auditor"}, {"role": "admin"}, {"role": "auditor", "approved_by": "root"}):
        with subtests.test(str(body)):
            told = refused(second.post("/grants", {"subject": "second.root", **body}), 403, "forbidden")
            assert "Nobody grants themselves a role" in told["detail"]
    own = {"subject": "k.own", "role": "auditor", "approved_by": "k.own"}
    problem = refused(admin.post("/grants", own), 422, "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == ["/approved_by"]
    assert positions() == before
    assert grant(second, "k.own", "auditor", approved_by="root")["grants"]


def test_r_7_1_the_operator_is_granted_no_role_by_themselves(
    shared_database: TestDatabase, keys: Path, positions: Positions
) -> None:
    before = positions()
    where = ["--data-dir", str(keys), "--database-url", shared_database.superuser]
    told = CliRunner().invoke(app, ["token", "--role", "auditor", "--subject", "operator", *where])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "Nobody grants themselves a role" in told.stderr
    assert positions() == before
