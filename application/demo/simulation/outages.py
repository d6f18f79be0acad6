"""Major incidents: many report one outage, the team declares it, and all follow its resolution (R-5.7c, R-5.7d)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from application.demo.simulation.incident import Incident
from application.demo.simulation.lives import goes_on
from application.demo.simulation.setting import Setting
from domain.case.status import SETTLED
from domain.errors import NoneFollowed
from domain.obligation import ObligationKind
from domain.values import Channel, Nature

_TOP = 12
"""Services whose outage many notice."""


async def outage(at: Setting, parts: int) -> None:
    """One outage, reported once and then by so many others."""
    first = Incident.of(at, service=at.chance.by_rank(at.people.services[:_TOP]))
    first.nature = Nature.ACTUAL
    await first.log(Channel.PHONE)
    await at.soon(1, 5)
    await first.triage()
    await first.prioritize(1, 1)  # nominates itself
    others = [await _reported(at, first.service) for _ in range(parts)]
    await first.diagnose()
    await first.assign()
    await _declared(at, first, others)
    await at.soon(60, 240)
    await first.verify()
    await first.resolve()
    await _followed(at, first, others)
    await at.soon(900, 1500)
    await _discharged(at, first, ObligationKind.REVIEW_MAJOR, "meeting")


async def _reported(at: Setting, service: str) -> Incident:
    other = Incident.of(at, service=service)
    other.nature = Nature.ACTUAL
    await at.soon(1, 12)
    await other.log(Channel.PHONE)
    await other.triage()
    await other.prioritize(2, 2)
    await other.diagnose()
    return other


async def _declared(at: Setting, first: Incident, others: list[Incident]) -> None:
    assert first.team is not None
    owner, numbers = first.team.actor.subject, tuple(other.number for other in others)
    management = f"{at.people.customer(at.chance).name}, {first.customer.agency}"
    declare = at.desk.major_incidents.declare
    await declare(first.number, owner, timedelta(minutes=60), management, numbers, first.team)
    await at.soon(5, 25)
    await _discharged(at, first, ObligationKind.INFORM_MANAGEMENT, "phone")
    for _ in range(2):
        await at.soon(40, 60)
        await _discharged(at, first, ObligationKind.COMMUNICATE, "email")


async def _discharged(at: Setting, first: Incident, kind: ObligationKind, method: str) -> None:
    if kind in (await at.case(first.number)).obligations:
        note = first.wording.one("notes")
        await at.desk.obligations.discharge(first.number, kind, method, None, True, note, first.worker)


async def _followed(at: Setting, first: Incident, others: list[Incident]) -> None:
    """Let the others follow the resolution. Those that cannot are resolved by themselves."""
    if (await at.case(first.number)).status not in SETTLED:
        return
    assert first.team is not None
    with suppress(NoneFollowed):
        await at.desk.major_incidents.fan_out(first.number, (), first.team)
    for other in others:
        if await goes_on(at, other):
            await at.soon(5, 60)
            await other.resolve()
