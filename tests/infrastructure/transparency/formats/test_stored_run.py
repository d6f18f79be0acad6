"""The stored form of a run of entries: what is read is what was sealed, and damage is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.transparency.formats.leaf import leaf_record
from infrastructure.transparency.formats.stored_run import deflated, inflated
from infrastructure.transparency.formats.tiles import pack_entries

STREAM = "0192f0c1-7a3b-7cde-8f01-23456789abcd"
BUNDLE = pack_entries(
    [
        leaf_record(n, STREAM, n, "case.noted", bytes([n]) * 32, "2026-11-23T08:00:00.123456Z", "desk_api")
        for n in range(1, 9)
    ]
)
FIRST_FORM = bytes.fromhex(
    "78bbe7f1a5bcb5d1c10dc0200840d1f4d26d4c1454e83856ebfe23b44d4f3d9108e40f003cb67d715198b1a7400dcf407d5c"
    "81677c473e53888f76f6211ef27dfb77474cbabc1dc0c8012407d0e5ed80460e2839a02e6f876ce4902587accbdba1183914"
    "c9a1e8f276a8460e5572a8babc1dc8c8812407d2e5edc0460e2c39b0ae75871bbe475b8f"
)
"""The bundle as the first release that deflates stored it."""


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_what_is_read_is_what_was_stored(entries: list[bytes]) -> None:
    assert inflated(deflated(pack_entries(entries))) == pack_entries(entries)


def test_a_run_that_an_earlier_release_stored_is_read_as_it_is() -> None:
    assert inflated(BUNDLE) == BUNDLE


def test_the_dictionary_is_a_storage_format() -> None:
    """Runs that name it must inflate for ever. A better dictionary is a second one, beside it."""
    assert inflated(FIRST_FORM) == BUNDLE
    assert len(deflated(BUNDLE)) < len(BUNDLE) / 4


def test_damaged_bytes_are_refused() -> None:
    data = deflated(BUNDLE)
    for damaged in (data[:-1], data + b"x", data[:2] + b"none" + data[6:], data[:1]):
        with pytest.raises(ValueError, match="stored entries"):
            inflated(damaged)


def test_no_byte_of_a_stored_run_can_be_changed_unnoticed() -> None:
    data = deflated(BUNDLE)
    for place in range(1, len(data)):
        try:
            changed = inflated(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        except ValueError:
            continue
        assert changed == BUNDLE, place
