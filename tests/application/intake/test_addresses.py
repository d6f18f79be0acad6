"""The addresses we give away are known again, also by a mail server that lowers them, and nobody else's are."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.mail_out.addresses import LONGEST_LOCAL, Addresses

MAILBOX = "service-desk@caseledger.example"
OURS, THEIRS = Addresses(b"s" * 32, MAILBOX), Addresses(b"t" * 32, MAILBOX)
CASES = st.integers(1, 10**18 - 1).map(lambda number: f"INC-{number:07}")


@given(CASES, st.text())
def test_a_reply_address_tells_the_case_and_whose_it_is(case: str, customer: str) -> None:
    address = OURS.reply_to(case, customer)
    assert OURS.read_reply(address) == OURS.read_reply(address.upper()) == (case, OURS.digest_of(customer))
    assert THEIRS.read_reply(address) is None
    assert OURS.read_envelope(address) is None


@given(st.uuids())
def test_a_bounce_address_tells_the_mail(message: UUID) -> None:
    address = OURS.envelope_from(message)
    assert OURS.read_envelope(address) == OURS.read_envelope(address.upper()) == message
    assert THEIRS.read_envelope(address) is None
    assert OURS.read_reply(address) is None


@given(CASES)
def test_a_subject_tells_the_case(case: str) -> None:
    subject = f"AW: Re: [{OURS.subject_token(case)}] Resolved: paper jam"
    assert (
        OURS.read_subject(subject) == OURS.read_subject(subject.upper()) == OURS.read_subject(subject.lower()) == case
    )
    assert THEIRS.read_subject(subject) is None


@given(CASES)
def test_a_root_reference_tells_the_case(case: str) -> None:
    reference = OURS.root_reference(case)
    assert OURS.read_reference(reference) == OURS.read_reference(f" {reference.upper()}") == case
    assert THEIRS.read_reference(reference) is None
    assert OURS.read_reference(reference.replace("caseledger", "elsewhere")) is None
    assert OURS.read_reference(f"<{case}@caseledger.example>") is None


@pytest.mark.parametrize(
    "subject",
    [
        "INC-0000001",
        "[INC-0000001#aaaaaaaaaaaaa]",
        OURS.subject_token("INC-0000001") + "a",
        OURS.subject_token("INC-0000001").replace("INC-0", "INC-00"),
        "INC-" * 1_000 + "x",
    ],
)
def test_a_number_that_is_not_signed_tells_nothing(subject: str) -> None:
    assert OURS.read_subject(subject) is None


def test_two_tokens_of_two_cases_tell_nothing() -> None:
    one, two = OURS.subject_token("INC-0000001"), OURS.subject_token("INC-0000002")
    assert OURS.read_subject(f"[{one}] [{one}]") == "INC-0000001"
    assert OURS.read_subject(f"[{one}] [{two}]") is None


@given(st.one_of(st.text(max_size=400), st.text("+rb@a2.", max_size=70).map(lambda said: f"service-desk+r{said}")))
def test_reading_raises_nothing(said: str) -> None:
    for hostile in (said, said + "@caseledger.example", said * 1_000):
        assert OURS.read_reply(hostile) is None
        assert OURS.read_envelope(hostile) is None
        assert OURS.read_subject(hostile) is None
        assert OURS.read_reference(hostile) is None
        OURS.is_ours(hostile)


@given(st.integers(0, 39), st.integers(1, 31))
def test_one_changed_character_is_noticed(place: int, by: int) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    address = OURS.reply_to("INC-0000001", "somebody")
    at = address.index("+r") + 2 + place
    changed = letters[(letters.index(address[at]) + by) % 32]
    assert OURS.read_reply(address[:at] + changed + address[at + 1 :]) is None


def test_it_fits_before_the_at_sign() -> None:
    longest = Addresses(b"s" * 32, f"{'d' * LONGEST_LOCAL}@caseledger.example")
    for address in (longest.reply_to(f"INC-{10**18 - 1}", "somebody"), longest.envelope_from(UUID(int=2**128 - 1))):
        assert len(address.rpartition("@")[0]) == 64
    with pytest.raises(ValueError, match="room for signed replies"):
        Addresses(b"s" * 32, f"{'d' * (LONGEST_LOCAL + 1)}@caseledger.example")


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        (MAILBOX, True),
        (MAILBOX.upper(), True),
        ("service-desk+anything@caseledger.example", True),
        ("service-desk+@caseledger.example", True),
        ("service-desks@caseledger.example", False),
        ("service-desk@caseledger.example.org", False),
        ("service-desk", False),
        ("", False),
        ("service-desk+\u0131@caseledger.example", False),
    ],
)
def test_which_addresses_are_the_mailbox(address: str, ours: bool) -> None:
    assert OURS.is_ours(address) is ours
