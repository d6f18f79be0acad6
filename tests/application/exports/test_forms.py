"""What XES and OCEL say of an event, whatever texts stand in it."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as some

from application.exports import xes
from application.exports.attributes import TOPICS, Kind, attributes_of
from application.exports.logged_event import LoggedEvent
from application.exports.ocel import EVENT_TYPES, OBJECT_TYPES, changes, event_of
from application.exports.xml_text import escaped

_BY = b'{"by":{"subject":"a.ortiz","role":"technician","team":null},"via":{"interface":"http","channel":null},"nonce":"00"'


def event(topic: str, fields: bytes, version: int = 1, stream: str = "s") -> LoggedEvent:
    at = datetime(2026, 11, 23, 8, 0, version, tzinfo=UTC)
    return LoggedEvent(version, version - 1, stream, "INC-0000001", version, topic, at, "desk_api", _BY + fields + b"}")


@given(some.text())
def test_any_text_is_a_value_of_xml(text: str) -> None:
    read = fromstring(f'<a b="{escaped(text)}"/>').attrib["b"]
    assert len(read) == len(text)
    assert all(b in {a, "\N{REPLACEMENT CHARACTER}"} for a, b in zip(text, read, strict=True))


def test_attributes_are_codes_numbers_and_moments() -> None:
    known = attributes_of("case.prioritized")
    assert (known["priority"], known["impact"], known["respond_by"]) == (Kind.INTEGER, Kind.INTEGER, Kind.TIME)
    assert attributes_of("case.resolved")["workaround"] is Kind.BOOLEAN
    assert "solution" not in attributes_of("case.resolved")
    assert attributes_of("case.unheard_of") == {}


def test_no_type_of_event_names_an_attribute_twice_or_holds_words() -> None:
    for topic, kinds in EVENT_TYPES.items():
        assert {"position", "leaf", "recorded_at"} <= kinds.keys(), topic
        assert not {"words", "reason", "contact"} & attributes_of(topic).keys(), topic
    assert TOPICS.keys() == EVENT_TYPES.keys()


def test_times_of_a_case_never_run_backwards() -> None:
    traces = xes.Traces()
    at = b',"occurred_at":"2016-03-01T0%d:00:00Z"'
    first = traces.add(event("case.logged", at % 9))[1]
    second = traces.add(event("case.triaged", at % 8 + b',"owner":"desk"', 2))[1]
    assert b'value="2016-03-01T09:00:00.000000Z"' in first
    assert b'key="time:timestamp" value="2016-03-01T09:00:00.000000Z"' in second
    end, third = traces.add(event("case.logged", at % 7, stream="t"))
    assert end == b"</trace>\n"
    assert b'key="time:timestamp" value="2016-03-01T07:00:00.000000Z"' in third


def test_an_event_relates_to_what_it_names_each_once() -> None:
    found = event_of(event("case.assigned", b',"team":"network"'))
    assert {(each.object, each.qualifier) for each in found.relations} == {
        ("INC-0000001", "case"),
        ("person:a.ortiz", "by"),
        ("team:network", "team"),
    }
    assert len(found.relations) == len(set(found.relations))


def test_machines_are_no_people() -> None:
    by_system = event("case.closed", b"")._replace(state=_BY.replace(b"technician", b"system") + b"}")
    assert "person:a.ortiz" not in {each.object for each in event_of(by_system).relations}


def test_an_attribute_is_told_when_it_first_holds_and_when_it_changes() -> None:
    at = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    teams = [None, "network", "network", None]
    versions = [
        (moment, dict.fromkeys(OBJECT_TYPES["team"]) | {"name": team}) for moment, team in zip(at, teams, strict=True)
    ]
    told = [(each.time[:10], each.value) for each in changes(versions, {"name": Kind.STRING})]
    assert told == [("2026-01-02", "network"), ("2026-01-04", "")]
