"""SOP 5.1: the quarantine. A person releases, joins or discards each waiting message (R-5.1d)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from application.cases.records import CaseRecords
from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from application.mail_in.documents import raw_of, read_again
from application.mail_in.joining import Joining, Taking
from application.mail_out.addresses import Addresses
from application.ports import Entry
from domain.aggregate import Root
from domain.case.status import STAFF
from domain.errors import ContradictsRecord, Forbidden, InvalidTransition, NotFound
from domain.fate import ReceiptState
from domain.receipt import Receipt, authorise_intake
from domain.values import Actor, Disclosure, DisclosureKind, Role

_OF_PEOPLE = frozenset({ReceiptState.LOGGED, ReceiptState.JOINED, ReceiptState.RELEASED})
"""States in which a message belongs to its writer. A bounce belongs to the recipient of our mail."""
Decision = Callable[[Receipt, Attempt], Awaitable[Sequence[Root]]]
"""Decides on a receipt. Returns the other changed aggregates."""


class Quarantine:
    """Commands on waiting messages, and the messages as received."""

    def __init__(self, runner: CommandRunner, records: CaseRecords, joining: Joining, addresses: Addresses) -> None:
        self._runner, self._repository = runner, runner.repository
        self._records, self._joining, self._addresses = records, joining, addresses

    async def release(self, receipt: UUID, request: Request) -> Committed:
        """Log a case from a message, with all readable fields. Raises Forbidden, NotFound, InvalidTransition."""

        async def decide(held: Receipt, on: Attempt) -> list[Root]:
            taking = await self._taking_again("release_message", held, on)
            return await self._joining.open_released(taking, _reason(held, on, request.reason))

        return await self._on_receipt("release_message", receipt, request, decide)

    async def join(self, receipt: UUID, number: str | None, request: Request) -> Committed:
        """Add a message to a case, by default the suggested one. Its writer becomes a participant.

        Its words count from its arrival (R-5.9c). Raises Forbidden, NotFound, InvalidTransition, Invalid.
        """

        async def decide(held: Receipt, on: Attempt) -> list[Root]:
            taking = await self._taking_again("join_message", held, on)
            into = number or held.suggestion
            if into is None:
                raise ContradictsRecord("The message suggests no case. Name one.", "/case")
            case = await self._repository.first_of(await self._repository.named(into))
            return await self._joining.join(case, taking, reason=_reason(held, on, request.reason))

        return await self._on_receipt("join_message", receipt, request, decide)

    async def discard(self, receipt: UUID, reason: str, request: Request) -> Committed:
        """Discard a message from the quarantine. The record keeps it. Raises Forbidden, NotFound, InvalidTransition."""

        async def decide(held: Receipt, on: Attempt) -> list[Root]:
            why = _reason(held, on, reason)
            assert why is not None
            held.discard(why, on.provenance)
            return []

        return await self._on_receipt("discard_message", receipt, request, decide)

    async def receipt(self, receipt: UUID, actor: Actor) -> Receipt:
        """Return a message's receipt; staff only. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"messages need the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        return await self._held(receipt)

    async def message_as_it_came(self, receipt: UUID, actor: Actor) -> tuple[Receipt, bytes]:
        """Return a message and its bytes, in any state; staff only. Raises Forbidden, NotFound, Erased."""
        held = await self.receipt(receipt, actor)
        return held, await raw_of(held)

    async def message_of_case(self, number: str, receipt: UUID, actor: Actor) -> tuple[Receipt, bytes]:
        """Return a case's message and its bytes; customers read only their own. Raises Forbidden, NotFound, Erased."""
        case, held = await self._records.case(number, actor), await self._repository.find(Receipt, receipt)
        named = held is not None and (held.case == number or str(receipt) in {each.message for each in case.messages})
        theirs = held is not None and held.raw.subject == actor.subject and held.state in _OF_PEOPLE
        if held is None or not named or (actor.role is Role.CUSTOMER and not theirs):
            raise NotFound(f"{number} has no message {receipt}.")
        return held, await raw_of(held)

    async def receipt_history(self, receipt: UUID, actor: Actor, *, after: int) -> list[Entry]:
        """Return a message's events after a version, without its bytes; staff only. Raises Forbidden, NotFound."""
        held = await self.receipt(receipt, actor)
        return await self._runner.store.history(held.id, after=max(1, after))

    async def has_receipt(self, receipt: UUID) -> bool:
        """Whether the message exists."""
        return await self._repository.find(Receipt, receipt) is not None

    async def _on_receipt(self, command: str, receipt: UUID, request: Request, decide: Decision) -> Committed:
        authorise_intake(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            held = await self._held(receipt)
            expect(held, request)
            on = on.through(held.channel)
            return await self._runner.commit(held, on, await decide(held, on))

        return await self._runner.run(str(receipt), request, attempt)

    async def _taking_again(self, command: str, held: Receipt, on: Attempt) -> Taking:
        held.require_waiting(command)
        mail = await read_again(held, self._addresses)
        if mail is None:
            raise InvalidTransition("This message is erased.")
        return Taking(held, mail, on)

    async def _held(self, receipt: UUID) -> Receipt:
        held = await self._repository.find(Receipt, receipt)
        if held is None:
            raise NotFound(f"There is no message {receipt}.")
        return held


def _reason(held: Receipt, on: Attempt, reason: str | None) -> Disclosure | None:
    return on.say(held.raw.subject, DisclosureKind.STAFF_WORDS, {"reason": reason})
