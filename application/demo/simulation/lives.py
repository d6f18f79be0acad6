"""How cases go: the ordinary life of a case, a second report of the same, and one that nobody has got to."""

from __future__ import annotations

from enum import IntEnum

from application.demo.simulation.incident import Incident
from application.demo.simulation.setting import Setting
from domain.case.clauses.relations import Relation
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.status import SETTLED, Status
from domain.case.terms import Major, PendingReason

_UNREACHABLE = ("phone", "email", "phone")


class Stage(IntEnum):
    """How far a case has come."""

    LOGGED = 0
    TRIAGED = 1
    PRIORITIZED = 2
    IN_DIAGNOSIS = 3
    ASSIGNED = 4
    WAITING = 5
    RESOLVED = 6
    CLOSED = 7


async def live(
    at: Setting, last: Stage = Stage.CLOSED, case: Incident | None = None, *, team: str | None = None
) -> None:
    """Let a case go its way up to a stage, and rest there. With a ``team``, that one gets it."""
    chance, case = at.chance, case or Incident.of(at)
    if not case.number:
        await case.log()
    if last is Stage.LOGGED:
        return
    await at.soon(2, 60)
    if last is Stage.CLOSED and chance.happens(0.03):
        await case.refer()
        return
    await case.triage()
    if last is Stage.TRIAGED:
        return
    await at.soon(1, 15)
    await case.prioritize()
    if last is Stage.PRIORITIZED:
        return
    await at.soon(2, 90)
    await case.diagnose()
    if last is Stage.IN_DIAGNOSIS:
        return
    await case.complete()
    if team is not None or last in (Stage.ASSIGNED, Stage.WAITING) or chance.happens(0.35):
        await _with_team(at, case, last, team)
    if last in (Stage.ASSIGNED, Stage.WAITING):
        return
    await _to_the_end(at, case, last)


async def _with_team(at: Setting, case: Incident, last: Stage, team: str | None) -> None:
    """The desk hands the case over; the team takes it, asks, returns it or goes on."""
    chance = at.chance
    await at.soon(1, 30)
    await case.assign(team)
    if (await at.case(case.number)).major is Major.NOMINATED:
        await at.soon(1, 12)
        reason = case.wording.one("reasons")
        await at.desk.major_incidents.reject(case.number, reason, case.worker)
    if last is Stage.ASSIGNED:
        return
    await at.soon(10, 600)
    if chance.happens(0.2):
        await case.accept()
    if last is Stage.WAITING:
        await case.wait_for(PendingReason.CUSTOMER, asking=True)
        return
    if chance.happens(0.06):
        await case.hand_back()
        await at.soon(5, 120)
        await case.diagnose()
        await case.assign()
        await at.soon(10, 300)
    if chance.happens(0.04):
        await consult(at, case)
    if chance.happens(0.12):
        await wait(at, case)
    if chance.happens(0.2):
        await case.note()
    if chance.happens(0.03):
        await case.attach()


async def wait(at: Setting, case: Incident) -> None:
    """The case waits: for an answer by mail or by the portal, or for a vendor."""
    chance = at.chance
    if chance.happens(0.35):
        await case.wait_for(PendingReason.VENDOR)
        await at.soon(300, 3000)
        await at.desk.pending.resume(case.number, case.worker)
        return
    await case.wait_for(PendingReason.CUSTOMER, asking=True)
    await at.soon(30, 1500)
    if case.customer.email is None:
        await at.desk.pending.resume(case.number, case.worker)
    elif chance.happens(0.4):
        answer = case.wording.one("answers")
        await at.mail(case.customer, f"Re: {case.words['subject']}", answer, await at.case(case.number))
    else:
        customer = await at.as_customer(case.customer)
        if (await at.case(case.number)).customer == customer.actor.subject:
            await at.desk.logging.note(case.number, case.wording.one("answers"), True, customer)
    await at.soon(10, 200)
    await case.diagnose()
    if (await at.case(case.number)).pending is not None:  # nobody answered
        await at.desk.pending.resume(case.number, case.worker)


async def consult(at: Setting, case: Incident) -> None:
    """The team asks those who have a like case, and links the two."""
    others = [number for service, number in at.recent if service == case.service and number != case.number]
    if not others:
        return
    other = await at.case(others[-1])
    if other.status in SETTLED or other.team is None or other.number in (await at.case(case.number)).links:
        return
    await at.desk.relations.consult(case.number, other.number, case.worker)
    asked = at.people.member(other.team, at.chance)
    await at.soon(2, 25)
    await at.desk.relations.answer_consultation(case.number, other.number, case.wording.one("answers"), asked)
    await at.desk.relations.relate(case.number, other.number, Relation.RELATED, None, case.worker)


async def _to_the_end(at: Setting, case: Incident, last: Stage) -> None:
    """Work, ask the customer, resolve; and again, where they dispute it."""
    chance = at.chance
    while True:
        if not await goes_on(at, case):
            return
        await at.soon(15, 900)
        if not await goes_on(at, case):
            return
        await _verify(at, case)
        await case.resolve()
        if last is Stage.RESOLVED:
            return
        if chance.happens(0.22):
            await at.soon(1, 5)
            if (await at.case(case.number)).status is Status.RESOLVED:
                await case.confirm()
            return
        if not chance.happens(0.07):
            return  # the timer closes it
        await at.soon(60, 900)
        if not await _contest(at, case):
            return


async def goes_on(at: Setting, case: Incident) -> bool:
    """Whether the case is still to be worked on: another may have taken it along."""
    now = await at.case(case.number)
    if (
        now.status is Status.ASSIGNED
        and now.team is not None
        and (case.team is None or case.team.actor.team != now.team)
    ):
        case.team = at.people.member(now.team, at.chance)
    return now.status not in SETTLED


async def _verify(at: Setting, case: Incident) -> None:
    """Ask the customer. Some say no first, some cannot be reached (R-5.8b, R-5.8c)."""
    if case.team is not None and at.chance.happens(0.01):
        for method in _UNREACHABLE:
            asked = Verification(False, False, method, at.now, ContactOutcome.UNREACHABLE)
            await at.desk.resolution.verify(case.number, asked, case.worker)
            await at.soon(540, 600)
        return
    if at.chance.happens(0.05):
        await case.verify(works=False)
        await at.soon(20, 400)
        await case.diagnose()
    if case.team is not None:
        await case.verify()


async def _contest(at: Setting, case: Incident) -> bool:
    """The customer, or the desk, is not content. Returns whether the case goes on."""
    chance, now = at.chance, await at.case(case.number)
    if now.status is not Status.RESOLVED or now.suspected_at is not None or now.continued:
        return False
    if chance.happens(0.15) and case.customer.email is not None:
        await at.mail(case.customer, f"Re: {case.words['subject']}", case.wording.one("unclear"), now)
        await at.soon(20, 200)
        if (await at.case(case.number)).suspected_at is None:
            return False
        if chance.happens(0.5):
            await at.desk.disputes.dismiss(case.number, case.wording.one("reasons"), at.technician)
            return False
        await at.desk.disputes.uphold(case.number, at.technician)
    elif chance.happens(0.15):
        await at.desk.disputes.reopen(case.number, case.wording.one("reasons"), case.worker)
    else:
        await case.dispute()
    await at.soon(5, 60)
    if not await goes_on(at, case):
        return False
    await case.diagnose()
    return True


async def report_again(at: Setting, first: Incident) -> None:
    """The same is reported once more: a duplicate while the first is open, later a follow-up (R-5.9f).

    A colleague's report is a case of its own, which is found to be related before it goes on.
    """
    own = at.chance.happens(0.7)
    again = Incident.of(at, service=first.service, customer=first.customer if own else None)
    again.wording = first.wording
    again.words = {**first.words, "description": f"{first.words['description']} {first.wording.one('endings')}"}
    known = await at.case(first.number)
    if own and known.status is Status.CLOSED:
        await again.log(follows=first.number)
        await live(at, Stage.CLOSED, again)
        return
    await again.log()
    await at.soon(1, 30)
    known, mine = await at.case(first.number), await at.case(again.number)
    if known.status is not Status.CLOSED and known.duplicate_of is None and known.customer == mine.customer:
        await again.triage()
        await again.relate(first.number, Relation.DUPLICATE)
    else:
        await live(at, Stage.CLOSED, again)
