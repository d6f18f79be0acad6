"""`caseledger demo load`: a desk of any size, by the offline path, and what that refuses."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.cases.documents import case_document
from domain.case.status import Status
from domain.values import Actor, Role
from infrastructure.postgres.maintenance.bulk_load.loader import Loader
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.acceptance.operating import CASELEDGER, ENVIRONMENT
from tests.application.cases import log
from tests.blocking import open_desk
from tests.conftest import TestDatabase, cloned, differences, grant_everybody
from tests.waiting import until

PLAN = ("--cases", "2100", "--seed", "5", "--until", "2026-10-30")
TECHNICIAN = Actor("a.ortiz", Role.TECHNICIAN)


class Loads:
    """Runs `caseledger demo load` on a test's database, where an operator's sealer has its key."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.database = database
        self.at = ("--database-url", database.superuser, "--data-dir", str(folder))
        SealerFolder(folder / "sealer").add_key(Ed25519PrivateKey.generate())

    def run(self, *options: str) -> Result:
        return CliRunner().invoke(app, ["demo", "load", *(options or PLAN), *self.at])

    def told(self, *command: str) -> Any:
        result = CliRunner().invoke(app, [*command, "--json", *self.at])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.superuser) as connection:
            return connection.execute(query.encode()).fetchall()

    def digest(self) -> str:
        """All that the store holds but what its database fills in."""
        rows = self.ask(
            "SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.state, e.recorded_at, d.salt, d.value"
            " FROM ledger.stored_events e LEFT JOIN vault.disclosures d USING (originator_id, originator_version)"
            " ORDER BY 1, d.digest"
        )
        numbers = self.ask("SELECT number, originator_id FROM ledger.numbers ORDER BY 1")
        return sha256(repr((rows, numbers)).encode()).hexdigest()


@pytest.fixture
def loads(database: TestDatabase, tmp_path: Path) -> Loads:
    return Loads(database, tmp_path)


@dataclass(frozen=True)
class Loaded:
    """A desk that has been loaded by the plan, what the command said of it, and its record's digest."""

    desk: Loads
    told: dict[str, Any]
    digest: str


@pytest.fixture(scope="module")
def loaded(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    with cloned(server) as database:
        desk = Loads(database, tmp_path_factory.mktemp("loaded"))
        told = desk.told("demo", "load", *PLAN)
        yield Loaded(desk, told, desk.digest())


def test_what_is_known_at_a_past_time_was_recorded_by_then(loaded: Loaded) -> None:
    """Of what was loaded: who goes on with the desk records at the present time."""
    (times,) = loaded.desk.ask(
        "SELECT bool_and(ordered), min(at)::date::text, max(at)::date::text FROM (SELECT recorded_at AS at,"
        " recorded_at >= lag(recorded_at, 1, recorded_at) OVER (ORDER BY notification_id) AS ordered"
        f" FROM ledger.stored_events WHERE notification_id <= {loaded.told['events']})"
    )
    assert times == (True, "2021-10-28", "2026-10-30")


def test_a_loaded_desk_verifies_and_goes_on_as_any_other(loaded: Loaded) -> None:
    loads, told = loaded.desk, loaded.told
    assert told["cases"] == 2100
    verified = loads.told("verify")
    assert (verified["ok"], verified["findings"], verified["warnings"]) == (True, [], [])
    assert verified["size"] == told["events"]
    assert differences(loads.database) == {}
    assert {
        status
        for (status,) in loads.ask(
            "SELECT DISTINCT status FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c"
        )
    } == set(Status)
    assert loads.ask("SELECT count(*) FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c") == [(2100,)]
    assert loads.ask("SELECT count(*) > 0 FROM views.outbox WHERE outcome = 'accepted'") == [(True,)]
    with open_desk(loads.database) as desk:
        next_ = log(desk)
        assert next_ == "INC-0002101"
        number = loads.ask("SELECT number FROM views.open_cases WHERE team = 'network' LIMIT 1")[0][0]
        assert case_document(desk.records.case(number, TECHNICIAN))["number"] == number
        histories = [desk.records.history(number, TECHNICIAN) for number in ("INC-0000001", "INC-0001000", number)]
        assert all(entry.disclosures for history in histories for entry in history[:1])


def test_a_load_killed_half_way_goes_on_to_the_same_desk(loads: Loads, loaded: Loaded) -> None:
    with subprocess.Popen(
        [*CASELEDGER, "demo", "load", *PLAN, *loads.at], stderr=subprocess.DEVNULL, env=ENVIRONMENT
    ) as process:

        def is_half_way() -> bool:
            assert process.poll() is None, "it ended"
            return loads.ask("SELECT count(*) > 1000 FROM ledger.stored_events") == [(True,)]

        until(is_half_way)
        process.send_signal(signal.SIGKILL)
    connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'caseledger %'"
    until(lambda: loads.ask(connected) == [(0,)])
    assert loads.ask("SELECT is_called FROM ledger.case_number") == [(False,)]
    assert loads.run("--cases", "2100", "--seed", "5").exit_code == 0  # it keeps its last day
    assert loads.digest() == loaded.digest
    assert loads.told("verify")["ok"]


def test_a_load_killed_while_it_seals_and_folds_goes_on_there(loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Loader, "is_complete", property(lambda _: False, lambda _, value: _stop(value)), raising=False)
        assert loads.run("--cases", "100", "--until", "2026-10-30").exit_code != 0
    assert loads.ask("SELECT is_called FROM ledger.case_number") == [(True,)]
    before = loads.digest()
    assert loads.run("--cases", "100").exit_code == 0
    assert loads.digest() == before
    assert loads.told("verify")["ok"]


def _stop(complete: bool) -> None:
    if complete:
        raise KeyboardInterrupt


def test_a_loaded_desk_is_not_loaded_again(loads: Loads) -> None:
    assert loads.run("--cases", "100").exit_code == 0
    for plan in (("--cases", "100"), ("--cases", "101"), ("--cases", "100", "--seed", "2")):
        result = loads.run(*plan)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "caseledger: " in result.stderr


def test_a_desk_in_use_is_not_loaded(loads: Loads) -> None:
    with open_desk(loads.database) as desk:
        _refuses(loads, "is running on this desk; stop it first")
        grant_everybody(desk)
        log(desk)
    _refuses(loads, "this desk is not empty")
    assert loads.ask("SELECT count(*) FROM ledger.numbers") == [(1,)]


def _refuses(loads: Loads, why: str) -> None:
    result = loads.run()
    assert result.exit_code == 2
    assert re.search(why, result.stderr), result.stderr


def test_a_plan_has_a_hundred_cases_or_more(loads: Loads) -> None:
    assert loads.run("--cases", "99").exit_code == 2
