"""A line of JSON holds an event without a loss, and says what is erased."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as some

from application.exports.event_lines import event_line, read_line
from application.exports.logged_event import LoggedEvent

_DIGEST, _OTHER = "a" * 64, "b" * 64
_STATE = (
    b'{"by":{"subject":"t.lee","role":"team_member","team":"network"},"via":{"interface":"http","channel":null},'
    b'"nonce":"00","code":"fixed","solution":{"digest":"%b","subject":"jo","kind":"staff_words"},'
    b'"reason":{"digest":"%b","subject":"jo","kind":"staff_words"}}' % (_DIGEST.encode(), _OTHER.encode())
)
_SAID = b'{"digest":"%b","kind":"staff_words","subject":"jo","salt":"00","value":"{}"}'


def event(state: bytes = _STATE, said: bytes | None = None, disclosed: int = 0) -> LoggedEvent:
    recorded = datetime(2026, 11, 23, 8, 0, 0, 120, tzinfo=UTC)
    stream = "0192f0c1-0000-7000-8000-000000000001"
    return LoggedEvent(12, 10, stream, "INC-0000001", 7, "case.resolved", recorded, "desk_api", state, said, disclosed)


def test_a_line_holds_the_state_byte_for_byte() -> None:
    read = read_line(event_line(event()))
    assert sha256(read.state).hexdigest() == sha256(_STATE).hexdigest()
    assert read == event()


def test_a_line_tells_who_and_when_without_looking_into_the_state() -> None:
    line = json.loads(event_line(event()))
    assert line["by"] == {"subject": "t.lee", "role": "team_member", "team": "network"}
    assert line["recorded_at"] == line["occurred_at"] == "2026-11-23T08:00:00.000120Z"
    earlier = _STATE.replace(b'"nonce"', b'"occurred_at":"2016-02-29T01:23:00Z","nonce"')
    assert json.loads(event_line(event(earlier)))["occurred_at"] == "2016-02-29T01:23:00Z"


def test_a_digest_without_words_is_listed_as_erased() -> None:
    one = _SAID % _DIGEST.encode()
    line = json.loads(event_line(event(said=one, disclosed=1)))
    assert line["erased"] == [_OTHER]
    assert [each["digest"] for each in line["disclosures"]] == [_DIGEST]
    both = b",".join((one, _SAID % _OTHER.encode()))
    assert "erased" not in json.loads(event_line(event(said=both, disclosed=2)))


def test_a_line_without_words_has_none() -> None:
    line = json.loads(event_line(event(said=_SAID % _DIGEST.encode(), disclosed=1), words=False))
    assert not {"disclosures", "erased"} & line.keys()


@given(
    some.text(), some.integers(1, 2**40), some.dictionaries(some.text(), some.text() | some.integers() | some.none()),
    some.datetimes(), some.none() | some.just("PRB-0000002"),
)  # fmt: skip
def test_any_event_reads_back(
    value: str, position: int, fields: dict[str, str | int | None], at: datetime, number: str | None
) -> None:
    """Whatever the words and the codes are: line feeds, quotes, characters of any language."""
    state = json.dumps({"by": {"subject": "x"}, "odd": fields}, ensure_ascii=False).encode("utf-8", "replace")
    said = (_SAID % _DIGEST.encode()).replace(b'"{}"', json.dumps(value).encode())
    whole = event(state, said, 1)._replace(position=position, recorded_at=at.replace(tzinfo=UTC), number=number)
    line = event_line(whole)
    assert line.count(b"\n") == 1
    assert read_line(line) == whole


def test_a_line_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown"):
        read_line(event_line(event()).replace(b'{"position"', b'{"more":1,"position"'))
