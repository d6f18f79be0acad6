"""What holds of a desk after every fault: acknowledged once, folded right, sealed, each timer and each mail once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.transparency.verification.audit import verify
from infrastructure.views.comparison import compare_views
from tests.faults.clients import STEPS, Clients
from tests.faults.stage import Stage

Span = tuple[float, float]
"""Begin and end of a fault, by the monotonic clock."""
_AFTERMATH = 30.0
"""Seconds that the desk may take after a fault to record what a mail server accepted."""
_BROKEN = re.compile(r"uncaught error|unexpected error|Traceback|panicked")
_COMMANDS = ("case.logged", *(topic for _, topic, *_ in STEPS))

_ANSWERED = "SELECT key, originator_version, position, status FROM ledger.idempotency WHERE key = ANY (%s)"
_COUNTED = """
SELECT n.number, e.topic, count(*) FROM ledger.stored_events e JOIN ledger.numbers n USING (originator_id)
WHERE e.topic LIKE 'case.%%' GROUP BY 1, 2
"""
_RECEIVED = """
SELECT originator_id::text, count(*) FILTER (WHERE topic = 'intake.logged') FROM ledger.stored_events
WHERE topic LIKE 'intake.%%' GROUP BY 1
"""
_MESSAGES = """
SELECT min(convert_from(state, 'UTF8')::json ->> 'message_id') FILTER (WHERE topic = 'message.queued'),
       count(*) FILTER (WHERE topic = 'message.queued'), count(*) FILTER (WHERE topic = 'message.accepted'),
       count(*) FILTER (WHERE topic IN ('message.accepted', 'message.bounced', 'message.withdrawn'))
FROM ledger.stored_events WHERE topic LIKE 'message.%%' GROUP BY originator_id
"""
_TARGETS = """
SELECT originator_id, topic, convert_from(state, 'UTF8')::json ->> 'kind', convert_from(state, 'UTF8')::json ->> 'due_at'
FROM ledger.stored_events WHERE topic IN ('target.warned', 'target.breached')
GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
"""
_PENDING = """
SELECT (SELECT max(notification_id) FROM ledger.stored_events) - (SELECT position FROM views.tracking),
       (SELECT max(notification_id) FROM ledger.stored_events) - (SELECT max(position) FROM tlog.checkpoints),
       (SELECT count(*) FROM views.outbox WHERE outcome = 'queued'),
       (SELECT count(*) FROM ledger.stored_events WHERE topic = 'case.resolved')
       - (SELECT count(*) FROM ledger.stored_events WHERE topic = 'case.closed')
"""


def pending(stage: Stage) -> dict[str, int]:
    """What the workers have still to do."""
    names = ("events to fold", "events to seal", "mails to send", "cases to close")
    return {name: count for name, count in zip(names, stage.rows(_PENDING)[0], strict=True) if count}


def acknowledged(stage: Stage, clients: Clients, since: int = 0) -> Iterator[str]:
    """Commands that were acknowledged and are not on the record as they were, from one acknowledgement on."""
    acks = clients.acks[since:]
    kept = {bytes(key): tuple(told) for key, *told in stage.rows(_ANSWERED, ([ack.key for ack in acks],))}
    for ack in acks:
        if (found := kept.get(ack.key)) != (ack.version, ack.position, ack.status):
            yield f"{ack.topic} of {ack.number} was acknowledged at position {ack.position}; on the record: {found}"


def counted(stage: Stage, clients: Clients) -> Iterator[str]:
    """Cases that have not one event for each command, one closure for each resolution."""
    found: dict[str, Counter[str]] = {}
    for number, topic, count in stage.rows(_COUNTED):
        found.setdefault(number, Counter())[topic] = count
    for number, expected in clients.cases.items():
        events = found.pop(number, Counter[str]())
        if {topic: events[topic] for topic in _COMMANDS} != {topic: expected[topic] for topic in _COMMANDS}:
            yield f"{number} has {dict(events)}; acknowledged were {dict(expected)}"
        for topic in ("case.notified", "case.closed"):
            if events[topic] != expected["case.resolved"]:
                yield f"{number} was resolved {expected['case.resolved']} times; {topic}: {events[topic]}"
    received = dict(stage.rows(_RECEIVED))
    for name, receipt in clients.mails.items():
        if received.get(receipt) != 1:
            yield f"mail {name} was taken as {receipt}; cases opened by it: {received.get(receipt)}"
    by_mail = sum(received.values())
    if (others := len(found)) != by_mail or by_mail != len(clients.mails):
        yield f"{others} cases came by mail, of {by_mail} receipts; taken were {len(clients.mails)} mails"
    for row in stage.rows(_TARGETS):
        yield f"recorded twice: {row}"


def mailed(stage: Stage, faults: Sequence[Span]) -> Iterator[str]:
    """Mails that were lost, or sent twice without a fault between a server's acceptance and its record."""
    came = stage.mailbox.came
    messages = stage.rows(_MESSAGES)
    for message_id, queued, accepted, ended in messages:
        if (queued, ended) != (1, 1):
            yield f"mail {message_id} was queued {queued} times and met {ended} fates"
        if accepted and message_id not in came:
            yield f"mail {message_id} is recorded as accepted, and never came"
    if unknown := set(came) - {message_id for message_id, *_ in messages}:
        yield f"mails came that were never queued: {unknown}"
    for message_id, times in came.items():
        for first in times[:-1]:
            if not any(began - _AFTERMATH <= first <= ended + _AFTERMATH for began, ended in faults):
                yield f"mail {message_id} was sent {len(times)} times, though nothing had happened"


def verified(stage: Stage, *, at_work: bool = False) -> Iterator[str]:
    """What `caseledger verify` and `rebuild --shadow` find. While clients are ``at_work`` the views may be behind."""
    folder = SealerFolder(stage.data / "sealer")
    with stage.database.connect("auditor") as connection:
        for view, rows in compare_views(connection).differences.items():
            yield f"{view}: {rows} rows differ from a fold of the events"
        own = folder.last_note()
        notes = [("the sealer's last-checkpoint", own)] if own else []
        found = verify(connection, folder.verifiers(), own=notes, progress=lambda *_: nullcontext(lambda _: None))
    expected = {"time", "projections"} if at_work else {"time"}  # clocks were set, views follow
    yield from (f"verify: {each}" for each in found.findings)
    yield from (f"verify: {each}" for each in found.warnings if each.check not in expected)


def operated(stage: Stage) -> Iterator[str]:
    """What the operator would be told: items set aside, workers that fail, errors that nobody caught."""
    for kind, item, error in stage.rows("SELECT kind, item, error FROM operations.set_aside"):
        yield f"set aside: {kind} {item}: {error}"
    for worker, state, error in stage.rows(
        "SELECT worker, state, error FROM operations.workers WHERE state <> 'running'"
    ):
        yield f"worker {worker} is {state}: {error}"
    for member in stage.members:
        lines = [line for line in member.log().splitlines() if _BROKEN.search(line)]
        if lines:
            yield f"{member.name} logged {len(lines)} errors that nobody caught, first: {lines[0][:300]}"


CHECKS: Sequence[Callable[[Stage, Clients, Sequence[Span]], Iterator[str]]] = (
    lambda stage, clients, _: acknowledged(stage, clients),
    lambda stage, clients, _: counted(stage, clients),
    lambda stage, _, faults: mailed(stage, faults),
    lambda stage, *_: verified(stage),
    lambda stage, *_: operated(stage),
)
"""All of them, for a desk at rest."""


def broken(stage: Stage, clients: Clients, faults: Sequence[Span]) -> list[Any]:
    """Every invariant that does not hold."""
    return [finding for check in CHECKS for finding in check(stage, clients, faults)]
