"""SOP 4.1, 5.3, 5.5: what the desk looks things up in, each entry from version to version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.catalogue import (
    EVENTS,
    LISTED,
    Customer,
    HelpDesk,
    Listed,
    ListedCustomer,
    ListedHelpDesk,
    ListedScript,
    ListedService,
    ListedTeam,
    Script,
    ScriptAnswer,
    ScriptStep,
    Service,
    Team,
)
from domain.errors import Invalid
from tests.domain.cases import at, last, refused, replayed, said, state

PRINTING = Service("printing", "Printing", "network", owner="t.lee")
POWER, QUEUE = (
    ScriptStep("power", "On?", (ScriptAnswer("yes", next="queue"), ScriptAnswer("no", outcome="switch it on"))),
    ScriptStep("queue", "Stuck?"),
)
BASICS = Script("basics", "A printer does not print", (POWER, QUEUE), service="printing")
ENTRIES: list[tuple[type[Listed[Any]], Any]] = [
    (ListedService, PRINTING),
    (ListedTeam, Team("network", "Network", ("t.lee",))),
    (ListedHelpDesk, HelpDesk("dhs", "Human Services", "DHS Help Desk")),
    (ListedScript, BASICS),
    (ListedCustomer, Customer("jo", "dot")),
]


@pytest.mark.parametrize(("listed", "entry"), ENTRIES)
def test_r_4_1a_an_entry_is_an_aggregate_whose_version_is_the_entrys(listed: type[Listed[Any]], entry: Any) -> None:
    kept = listed.define(UUID(int=1), entry, said("contact"), at())
    assert (kept.entry, kept.contact, kept.number, kept.version) == (entry, said("contact"), entry.id, 1)
    kept.change(
        replace(entry, retired=not getattr(entry, "retired", False)), said("contact"), at(1), reason=said("why")
    )
    assert (kept.version, last(kept)["reason"]) == (2, said("why"))
    assert vars(kept.pending_events[0])["entry"] == entry, "what it was stays on the record"
    assert state(replayed(kept)) == state(kept)


@pytest.mark.parametrize(("listed", "entry"), ENTRIES)
def test_saying_the_same_again_records_nothing(listed: type[Listed[Any]], entry: Any) -> None:
    kept = listed.define(UUID(int=1), entry, said("contact"), at())
    kept.change(entry, said("contact"), at(1))
    assert kept.version == 1
    kept.change(entry, said("another contact"), at(2))
    assert (kept.version, kept.contact) == (2, said("another contact"))
    kept.change(entry, None, at(3))
    assert (kept.version, kept.contact) == (3, None)


def test_r_4_1a_a_service_renamed_is_another_version() -> None:
    kept = ListedService.define(UUID(int=1), PRINTING, None, at())
    kept.change(replace(PRINTING, name="Print and scan"), None, at(1))
    assert (kept.version, kept.entry.name, kept.number) == (2, "Print and scan", "printing")


def test_r_4_1a_a_service_has_a_team_a_calendar_a_criticality_and_a_help_desk() -> None:
    assert (PRINTING.team, PRINTING.calendar, PRINTING.criticality, PRINTING.help_desk) == (
        "network",
        "business",
        "normal",
        "desk",
    )


@pytest.mark.parametrize(
    "entry", [replace(PRINTING, calendar="weekends"), Team("network", "Network", calendar="never")]
)
def test_a_calendar_is_one_of_those_we_have(entry: Service | Team) -> None:
    listed: type[Listed[Any]] = ListedService if isinstance(entry, Service) else ListedTeam
    with pytest.raises(Invalid) as refusal:
        listed.define(UUID(int=1), entry, None, at())
    assert refusal.value.pointer == "/calendar"


def test_r_4_1a_a_calendar_may_be_left_to_the_team_and_to_the_policy() -> None:
    for entry in (replace(PRINTING, calendar=None), Team("network", "Network", calendar=None)):
        listed: type[Listed[Any]] = ListedService if isinstance(entry, Service) else ListedTeam
        assert listed.define(UUID(int=1), entry, None, at()).entry.calendar is None


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [
        ((), "/steps"),
        ((POWER, QUEUE, POWER), "/steps"),
        ((POWER,), "/steps/0/answers"),
        ((QUEUE, POWER, ScriptStep("driver", "Test page?", (ScriptAnswer("no", next="cable"),))), "/steps/2/answers"),
    ],
    ids=["none", "one twice", "leads nowhere", "leads nowhere from the third"],
)
def test_r_5_5a_a_script_is_a_tree_of_steps_that_are_there(steps: tuple[ScriptStep, ...], pointer: str) -> None:
    kept = ListedScript.define(UUID(int=1), BASICS, None, at())
    with refused(kept, Invalid):
        kept.change(replace(BASICS, steps=steps), None, at(1))
    with pytest.raises(Invalid) as refusal:
        ListedScript.define(UUID(int=1), replace(BASICS, steps=steps), None, at())
    assert refusal.value.pointer == pointer


def test_every_kind_has_topics_of_its_own() -> None:
    assert len(EVENTS) == 2 * len(LISTED)
    assert {topic.split(".")[0] for topic in EVENTS} == {listed.TOPIC for listed in LISTED}
