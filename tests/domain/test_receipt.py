"""A receipt: what comes is kept, and becomes a case once, by itself or by a person's decision."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.errors import Forbidden, InvalidTransition
from domain.fate import ReceiptCause, ReceiptState
from domain.receipt import COMMANDS, Receipt, authorise_intake, receipt_id
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role, Via

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
GATEWAY = Provenance(Actor("mail.gateway", Role.INTAKE), Via("http", Channel.EMAIL), NOW, bytes)
TECHNICIAN = Provenance(Actor("a.ortiz", Role.TECHNICIAN), Via("http"), NOW, bytes)
DIGEST = "ab" * 32


def said(kind: DisclosureKind = DisclosureKind.STAFF_WORDS, text: str = "x") -> Disclosure:
    made = Disclosure.of("jo", kind, {"text": text}, bytes)
    assert made is not None
    return made


def received() -> Receipt:
    return Receipt.receive(UUID(int=1), Channel.EMAIL, DIGEST, 7, said(DisclosureKind.MESSAGE), GATEWAY)


def quarantined() -> Receipt:
    receipt = received()
    receipt.quarantine(ReceiptCause.REPLY, GATEWAY)
    return receipt


def test_what_came_is_kept_with_its_digest() -> None:
    receipt = received()
    assert (receipt.sha256, receipt.size, receipt.received_at) == (DIGEST, 7, NOW)
    assert receipt.raw.text("text") == "x"
    assert (receipt.state, receipt.case) == (ReceiptState.RECEIVED, None)


def test_it_becomes_a_case_by_itself() -> None:
    receipt = received()
    receipt.log("INC-0000001", GATEWAY)
    assert (receipt.state, receipt.case) == (ReceiptState.LOGGED, "INC-0000001")


def test_it_becomes_a_case_when_somebody_releases_it() -> None:
    receipt = quarantined()
    receipt.release("INC-0000001", TECHNICIAN, reason=said())
    assert (receipt.state, receipt.case, receipt.cause) == (ReceiptState.RELEASED, "INC-0000001", ReceiptCause.REPLY)


def test_discarded_it_is_none() -> None:
    receipt = quarantined()
    receipt.discard(said(), TECHNICIAN)
    assert (receipt.state, receipt.case) == (ReceiptState.DISCARDED, None)


def test_it_is_decided_on_once() -> None:
    logged, released, discarded = received(), quarantined(), quarantined()
    logged.log("INC-0000001", GATEWAY)
    released.release("INC-0000001", TECHNICIAN)
    discarded.discard(said(), TECHNICIAN)
    for receipt in (logged, released, discarded):
        before = receipt.version
        with pytest.raises(InvalidTransition):
            receipt.log("INC-0000002", GATEWAY)
        with pytest.raises(InvalidTransition):
            receipt.quarantine(ReceiptCause.BULK, GATEWAY)
        with pytest.raises(InvalidTransition):
            receipt.release("INC-0000002", TECHNICIAN)
        with pytest.raises(InvalidTransition):
            receipt.discard(said(), TECHNICIAN)
        assert receipt.version == before


def test_nobody_decides_on_what_does_not_wait() -> None:
    receipt = received()
    with pytest.raises(InvalidTransition):
        receipt.release("INC-0000001", TECHNICIAN)
    with pytest.raises(InvalidTransition):
        receipt.discard(said(), TECHNICIAN)


def test_a_replay_gives_the_same_receipt() -> None:
    receipt, replayed = quarantined(), None
    receipt.release("INC-0000001", TECHNICIAN)
    for event in receipt.pending_events:
        replayed = event.mutate(replayed)
    assert isinstance(replayed, Receipt)
    names = ("id", "version", "state", "cause", "case", "channel", "received_at", "sha256", "size", "raw", "number")
    assert [getattr(replayed, name) for name in names] == [getattr(receipt, name) for name in names]


def test_r_5_1c_the_same_message_is_the_same_receipt() -> None:
    first = receipt_id("gateway", DIGEST, "<1@x.example>")
    assert receipt_id("gateway", DIGEST, "<1@x.example>") == first
    others = {
        receipt_id("other", DIGEST, "<1@x.example>"),
        receipt_id("gateway", "cd" * 32, "<1@x.example>"),
        receipt_id("gateway", DIGEST, "<2@x.example>"),
        receipt_id("gateway", DIGEST, ""),
    }
    assert len({first, *others}) == 5


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", COMMANDS)
def test_r_6a_the_table_says_who_may(command: str, role: Role) -> None:
    may = {"receive_message": Role.INTAKE}.get(command, Role.TECHNICIAN)
    if role is may:
        authorise_intake(Actor("x", role), command)
    else:
        with pytest.raises(Forbidden, match=f"{may}; you are {role}"):
            authorise_intake(Actor("x", role), command)
