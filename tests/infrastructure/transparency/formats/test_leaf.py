"""Leaf records, to the byte (audit.md, Leaf record)."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.transparency.formats.leaf import Leaf, is_restart, leaf_record, parse_leaf, restart_record

STREAM = "0192f0c1-0000-7000-8000-0123456789ab"
RECORD = leaf_record(
    1234, STREAM, 7, "case.resolved", sha256(b"{}").digest(), "2026-11-23T08:00:00.123456Z", "desk_api"
)


def test_a_record_is_exactly_these_lines() -> None:
    assert RECORD == (
        b"caseledger-event/v1\n"
        b"notification-id 1234\n"
        b"originator-id 0192f0c1-0000-7000-8000-0123456789ab\n"
        b"originator-version 7\n"
        b"topic case.resolved\n"
        b"state-sha256 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n"
        b"recorded-at 2026-11-23T08:00:00.123456Z\n"
        b"db-role desk_api\n"
    )


def test_a_record_is_read_back() -> None:
    digest = sha256(b"{}").hexdigest()
    expected = Leaf(1234, STREAM, 7, "case.resolved", digest, "2026-11-23T08:00:00.123456Z", "desk_api")
    assert parse_leaf(RECORD) == expected


@given(st.integers(0, len(RECORD) - 1), st.integers(0, 255))
def test_a_record_with_any_byte_changed_is_another_record_or_none(place: int, byte: int) -> None:
    touched = RECORD[:place] + bytes([byte]) + RECORD[place + 1 :]
    try:
        read = parse_leaf(touched)
    except ValueError:
        return
    assert (read == parse_leaf(RECORD)) == (touched == RECORD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"event/v1", b"event/v2"),
        (b" 1234", b" 01234"),
        (b" 1234", b" 0"),
        (b" 1234", b" -1"),
        (b" 1234", " 12\u0663".encode()),
        (b"-version 7", b"-version 0"),
        (b"0192f0c1", b"0192F0C1"),
        (b"0192f0c1-", b"0192f0c1"),
        (b"topic case.resolved\n", b"topic \n"),
        (b"topic", b"topic\n"),
        (b"44136", b"4413"),
        (b".123456Z", b".123Z"),
        (b".123456Z", b".123456+00:00"),
        (b"2026-11", "202\u0666-11".encode()),
        (b"desk_api\n", b"desk_api"),
        (b"desk_api\n", b"desk_api\n\n"),
        (b"desk_api", b"desk\xffapi"),
        (b"\n", b"\r\n"),
    ],
)
def test_what_is_no_record_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(ValueError, match="no caseledger-event"):
        parse_leaf(RECORD.replace(old, new))


def test_a_restart_says_what_it_follows_and_is_no_event() -> None:
    record = restart_record("desk.example/log", "bm90ZQ==", "restored from the backup of Monday")
    assert record == (
        b"caseledger-restart/v1\nprevious-origin desk.example/log\nprevious-checkpoint bm90ZQ==\nreason-sha256 "
        + sha256(b"restored from the backup of Monday").hexdigest().encode()
        + b"\n"
    )
    assert is_restart(record)
    assert not is_restart(RECORD)
    with pytest.raises(ValueError, match="no caseledger-event"):
        parse_leaf(record)
