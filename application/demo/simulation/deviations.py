"""Histories that the desk would refuse: what an attacker, a mistake in the code or another system would leave on the record.

A planted history lives as any other up to one step, which is recorded past the rules. Its events name the rule of
`application/reports/conformance/sop.yaml` that they contradict, so that a load can say what it planted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from application.demo.simulation.incident import Incident
from application.demo.simulation.people import INTERFACE
from application.demo.simulation.schedule import Until
from application.demo.simulation.setting import Setting
from application.execution.attempt import Attempt
from application.execution.requests import Request
from application.mail_out.notices import Notices
from application.ports import Beside
from application.processes.automatic_closure import REQUEST as TIMER
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.assignment import Assigned
from domain.case.clauses.closure import record_closing
from domain.case.clauses.diagnosis import Diagnosed
from domain.case.clauses.dispute import Disputed, record_reopening
from domain.case.clauses.logging import Corrected
from domain.case.clauses.resolution import Verified, Verifier, record_resolution
from domain.case.clauses.triage import Triaged
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.values import Actor, Channel, Role

PLANTED = "demo load: planted "
"""How the request of a planted step begins. The rule's name follows."""
_LONG = timedelta(days=20)
"""After so long a resolved case is closed, even where its customer had to be called again."""
_FIXED = Resolution(ResolutionCode.FIXED, workaround=False, cause_corrected=CauseCorrected.YES)
_REMAINS = Resolution(ResolutionCode.FIXED, workaround=False, cause_corrected=CauseCorrected.NO)
Step = Callable[["Planting"], Awaitable[None]]


async def deviate(at: Setting, rule: str) -> None:
    """Let one case go its way up to the step that contradicts a rule."""
    await _STEPS[rule](Planting(at, rule, Incident.of(at)))


class Planting:
    """One planted history."""

    def __init__(self, at: Setting, rule: str, incident: Incident) -> None:
        self.at, self.incident, self._rule = at, incident, rule

    async def on(self, request: Request) -> Attempt:
        """What the planted step is recorded under."""
        named = replace(request, request_id=f"{PLANTED}{self._rule}", interface=INTERFACE)
        reference = await self.at.desk.references.current()
        return Attempt(named, reference, self.at.now, simulated=False, random=self.at.chance.randbytes)

    async def case(self) -> Case:
        """The case as it is now."""
        return await self.at.case(self.incident.number)

    async def keep(self, *roots: Root) -> None:
        """Record what the roots have gained, past the rules."""
        numbers = [(root.number, root.id) for root in roots if root.is_new and root.NUMBERED]
        await self.at.desk.runner.store.append(roots, Beside(numbers=numbers))

    async def resolve(self, resolution: Resolution, verifier: Verifier) -> None:
        """Resolve past the rules, and queue the mail."""
        case, on = await self.case(), await self.on(self.incident.worker)
        words = on.staff(case, solution=self.incident.wording.one("solutions"))
        record_resolution(case, resolution, on.policy, on.provenance, solution=words, verifier=verifier)
        notices = Notices(self.at.desk.runner.repository, self.at.desk.addresses)
        await self.keep(case, *await notices.tell(case, on))

    # the way up to the step

    async def diagnosed(self) -> None:
        """A case that the desk works on."""
        await self.incident.log(Channel.PHONE)
        await self.at.soon(2, 20)
        await self.incident.triage()
        await self.incident.prioritize(2, 2)
        await self.incident.diagnose()

    async def assigned(self) -> None:
        """A case that a team has."""
        await self.diagnosed()
        await self.at.soon(1, 30)
        await self.incident.assign()
        await self.at.soon(10, 200)

    async def resolved(self) -> None:
        """A case that its team has resolved as it should."""
        await self.assigned()
        await self.incident.verify()
        await self.incident.resolve()
        await self.at.soon(5, 60)

    async def closed(self) -> None:
        """A case that the timer has closed."""
        await self.resolved()
        await Until(self.at.now + _LONG)

    async def record(self, request: Request, event: Any, **fields: Any) -> None:
        """Record an event past the rules."""
        case, on = await self.case(), await self.on(request)
        case.record(event, on.provenance, **fields)
        await self.keep(case)


async def _unverified(planting: Planting) -> None:
    await planting.assigned()
    await planting.resolve(_FIXED, Verifier.CUSTOMER)


async def _not_linked_with_its_problem(planting: Planting) -> None:
    await planting.assigned()
    await planting.incident.verify()
    problem = next(iter(planting.at.problems.values()), "PRB-0000001")
    await planting.resolve(replace(_REMAINS, problem=problem), Verifier.CUSTOMER)


async def _unprioritized(planting: Planting) -> None:
    await planting.incident.log(Channel.PHONE)
    await planting.at.soon(2, 20)
    await planting.incident.triage()
    team, wording = planting.at.people.team_of(planting.incident.service), planting.incident.wording
    said = (await planting.on(planting.incident.technician)).staff(
        await planting.case(), diagnosis=wording.one("handovers")
    )
    await planting.record(planting.incident.technician, Assigned, team=team, technician=None, words=said)


async def _triaged_by_a_machine(planting: Planting) -> None:
    await planting.incident.log(Channel.PHONE)
    await planting.at.soon(2, 20)
    await planting.record(Request(Actor("mail.gateway", Role.INTAKE), INTERFACE), Triaged, owner="desk")


async def _other_channel(planting: Planting) -> None:
    await planting.diagnosed()
    await planting.record(planting.incident.technician, Corrected, field="channel", value="email")


async def _verified_by_an_alert(planting: Planting) -> None:
    await planting.assigned()
    told = {"satisfactory": True, "able_to_work": True, "method": "alert_recovery", "at": planting.at.now}
    await planting.record(planting.incident.worker, Verified, **told)


async def _closed_early(planting: Planting) -> None:
    await planting.resolved()
    case, on = await planting.case(), await planting.on(TIMER)
    record_closing(case, on.policy, on.provenance)
    await planting.keep(case)


async def _closed_unasked(planting: Planting) -> None:
    await planting.resolved()
    case, on = await planting.case(), await planting.on(planting.incident.worker)
    record_closing(case, on.policy, on.provenance)
    await planting.keep(case)


async def _reopened_after_closure(planting: Planting) -> None:
    await planting.closed()
    case, on = await planting.case(), await planting.on(planting.incident.worker)
    reason = on.staff(case, reason=planting.incident.wording.one("reasons"))
    record_reopening(case, on.policy, on.provenance, reason)
    await planting.keep(case)


async def _disputed_too_late(planting: Planting) -> None:
    await planting.closed()
    case, on = await planting.case(), await planting.on(planting.incident.technician)
    said = on.customer(case, reason=planting.incident.wording.one("disputes"))
    case.record(Disputed, on.provenance, received_at=on.at, channel=Channel.PHONE, reason=said)
    record_reopening(case, on.policy, on.provenance, said, disputed=True)
    await planting.keep(case)


async def _worked_on_after_closure(planting: Planting) -> None:
    await planting.closed()
    words = (await planting.on(planting.incident.worker)).staff(
        await planting.case(), findings=planting.incident.wording.one("findings")
    )
    await planting.record(planting.incident.worker, Diagnosed, words=words)


_STEPS: Mapping[str, Step] = {
    "verified-before-resolution": _unverified,
    "closed-stays-closed": _reopened_after_closure,
    "timer-after-the-window": _closed_early,
    "problem-where-the-cause-remains": _not_linked_with_its_problem,
    "dispute-in-time": _disputed_too_late,
    "priority-before-work": _unprioritized,
    "closed-with-the-customer": _closed_unasked,
    "closed-takes-annotations": _worked_on_after_closure,
    "the-desk-decides-on-ownership": _triaged_by_a_machine,
    "channel-stays": _other_channel,
    "a-person-verifies": _verified_by_an_alert,
}
RULES = tuple(_STEPS)
"""Names of the rules that a planted history can contradict. Each is contradicted by one event, and no other rule is."""
