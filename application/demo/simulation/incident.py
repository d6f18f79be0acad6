"""One case of a simulation, step by step. Each step is a command that somebody at the desk gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from application.cases.attachments import File
from application.demo.simulation.people import Customer
from application.demo.simulation.setting import Setting
from application.demo.simulation.wording import Wording
from application.execution.requests import Committed, Request
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.case.clauses.relations import Relation
from domain.case.clauses.resolution import Verification
from domain.case.terms import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.errors import DuplicateDecisionRequired
from domain.values import Channel, Level, Nature

_CHANNELS = {
    Channel.PHONE: 0.73,
    Channel.SELF_SERVICE: 0.1,
    Channel.EMAIL: 0.04,
    Channel.CHAT: 0.08,
    Channel.WALK_IN: 0.03,
    Channel.PARTNER_DESK: 0.02,
}
_LEVELS = {(1, 1): 0.01, (1, 2): 0.04, (2, 1): 0.05, (2, 2): 0.2, (2, 3): 0.3, (3, 2): 0.15, (3, 3): 0.25}
_CONTACTS = ("phone", "chat", "in_person", "email")
_TELEPHONE = timedelta(minutes=4)
"""How long before its log a report was received by telephone."""


@dataclass
class Incident:
    """A case, whose it is, and who at the desk has it."""

    at: Setting
    customer: Customer
    service: str
    wording: Wording
    technician: Request
    nature: Nature = Nature.ACTUAL
    number: str = ""
    team: Request | None = None
    """The member of the service team who works on it."""
    words: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, at: Setting, *, service: str | None = None, customer: Customer | None = None) -> Incident:
        """Somebody has a problem with a service."""
        chance = at.chance
        nature = Nature.IMPENDING if chance.happens(0.03) else Nature.ACTUAL
        return cls(
            at,
            customer or at.people.customer(chance),
            service or chance.by_rank(at.people.services),
            Wording(chance),
            at.technician,
            nature,
        )

    @property
    def worker(self) -> Request:
        """Who works on it: the team, once it has the case."""
        return self.team or self.technician

    # 5.1-5.2

    async def log(self, channel: Channel | None = None, *, follows: str | None = None) -> None:
        """Report it by any channel, or as the follow-up of a closed case."""
        channel = channel or self.at.chance.weighted(_CHANNELS)
        if self.customer.email is None and channel is not Channel.WALK_IN:
            channel = Channel.PHONE
        self.words = self.words or self.wording.report()
        if follows is not None or channel not in (Channel.EMAIL, Channel.SELF_SERVICE):
            await self._log_by_hand(Channel.PHONE if follows else channel, follows)
        elif channel is Channel.EMAIL:
            await self._log_by_mail()
        else:
            await self._log_by_portal()

    def _report(self, channel: Channel) -> IncidentReport:
        received, customer = self.at.now - _TELEPHONE, self.customer
        return IncidentReport(channel, received, "", self.nature, agency=customer.agency, service=self.service)

    async def _log_by_hand(self, channel: Channel, follows: str | None) -> None:
        log, who, report = self.at.desk.logging, self.technician, self._report(channel)
        contact = self.customer.contact
        if follows is None:
            logged = await log.log(report, contact, self.words, {}, who)
        else:
            logged = await log.follow_up(follows, report, contact, self.words, {}, who)
        self.number = logged.case.number

    async def _log_by_portal(self) -> None:
        who, report = await self.at.as_customer(self.customer), self._report(Channel.SELF_SERVICE)
        logged = await self.at.desk.logging.log(report, self.customer.contact, self.words, {}, who)
        self.number = logged.case.number

    async def _log_by_mail(self) -> None:
        received = await self.at.mail(self.customer, str(self.words["subject"]), str(self.words["description"]))
        assert received.case is not None, received
        self.number = received.case

    async def complete(self) -> None:
        """Name the service of a report that came by mail."""
        if (await self.at.case(self.number)).service is None:
            reason = self.wording.one("reasons")
            await self.at.desk.logging.correct(self.number, "service", self.service, reason, self.technician)

    # 5.3-5.5

    async def triage(self) -> None:
        """Keep it at this desk."""
        await self.at.desk.triage.triage(self.number, "desk", self.technician)

    async def refer(self) -> None:
        """Give it to another agency's desk."""
        help_desk = self.at.chance.by_rank(self.at.people.help_desks)
        contact = ContactAttempt("phone", self.at.now, self.at.chance.happens(0.9))
        await self.at.desk.triage.refer(self.number, help_desk, contact, self.technician)

    async def prioritize(self, impact: int = 0, severity: int = 0) -> None:
        """Assess it."""
        if not impact:
            impact, severity = self.at.chance.weighted(_LEVELS)
        assessment = Assessment(Level(impact), Level(severity))
        await self.at.desk.diagnosis.prioritize(self.number, assessment, self.worker)

    async def diagnose(self) -> None:
        """Find out what is wrong: with a script, a known error, or by looking."""
        desk, chance, people = self.at.desk.diagnosis, self.at.chance, self.at.people
        known = people.known_errors.get(self.service)
        if known and chance.happens(0.1):
            await desk.search_known_errors(self.number, str(known[0]["title"]), (), None, False, self.worker)
        script, steps = people.scripts.get(self.service, (None, ()))
        words = {"symptoms": self.wording.one("symptoms"), "findings": self.wording.one("findings")}
        await desk.diagnose(self.number, words, script, steps[: 1 + chance.getrandbits(1)], self.worker)

    # 5.7

    async def assign(self, team: str | None = None) -> None:
        """Hand it to the service's team."""
        code = team or self.at.people.team_of(self.service)
        handover = self.wording.one("handovers")
        await self.decide(lambda: self.at.desk.assignment.assign(self.number, code, None, handover, self.worker))
        self.team = self.at.people.member(code, self.at.chance)
        self.at.recent.append((self.service, self.number))

    async def accept(self) -> None:
        """Take it as a member of the team."""
        assert self.team is not None
        await self.at.desk.assignment.accept(self.number, self.team)

    async def hand_back(self) -> None:
        """Return it to the desk."""
        assert self.team is not None
        await self.at.desk.assignment.hand_back(self.number, self.wording.one("reasons"), self.team)
        self.team = None

    async def decide(self, command: Callable[[], Awaitable[Committed]]) -> None:
        """Give a command that looks for duplicates. Others' reports of the same are related, else unrelated (R-5.6b)."""
        while True:
            try:
                await command()
            except DuplicateDecisionRequired as undecided:
                for candidate in undecided.candidates:
                    other = await self.at.case(candidate.case)
                    same = (
                        other.service == self.service and other.customer != (await self.at.case(self.number)).customer
                    )
                    await self.relate(other.number, Relation.RELATED if same else Relation.UNRELATED)
            else:
                return

    async def relate(self, other: str, relation: Relation) -> None:
        """Decide what another case is to this one, with the word of those who work on it."""
        first = await self.at.case(other)
        asked = None
        if first.team is not None:
            technician = self.at.people.member(first.team, self.at.chance).actor.subject
            asked = (technician, self.at.now - _TELEPHONE, self.wording.one("notes"))
        await self.at.desk.relations.relate(self.number, other, relation, asked, self.worker)

    # 5.8

    async def wait_for(self, reason: PendingReason, *, asking: bool = False) -> None:
        """Mark it as waiting, with a question by mail where they have an address."""
        question = self.wording.one("questions") if asking and self.customer.email else None
        await self.at.desk.pending.pend(self.number, reason, self.wording.one("notes"), self.worker, question=question)

    async def note(self) -> None:
        """Write something down."""
        await self.at.desk.logging.note(self.number, self.wording.one("notes"), False, self.worker)

    async def attach(self) -> None:
        """Add the log of a device."""
        text = "\n".join(self.wording.one("findings") for _ in range(8))
        name = f"{self.wording.asset.lower()}.log"
        await self.at.desk.attachments.attach(
            self.number, [File(name, "text/plain", text.encode())], False, self.worker
        )

    async def verify(self, *, works: bool = True) -> None:
        """Ask the customer whether it works."""
        asked = Verification(works, works, self.at.chance.by_rank(_CONTACTS), self.at.now)
        await self.at.desk.resolution.verify(self.number, asked, self.worker)

    async def resolve(self) -> None:
        """Resolve it, with a problem where the cause remains."""
        outcome, said = self._outcome(await self.at.case(self.number)), self.wording.one("solutions")
        await self.decide(lambda: self.at.desk.resolution.resolve(self.number, outcome, said, self.worker))
        if outcome.needs_problem and outcome.problem is None:
            self.at.problems_left -= 1

    def _outcome(self, case: Case) -> Resolution:
        chance = self.at.chance
        if case.nature is Nature.IMPENDING and chance.happens(0.7):
            return Resolution(ResolutionCode.AVERTED, False, CauseCorrected.YES)
        kind = chance.weighted({"fixed": 0.78, "remains": 0.1, "strange": 0.07, "request": 0.05})
        if kind == "strange":
            return Resolution(ResolutionCode.NOT_REPRODUCIBLE, False, CauseCorrected.YES)
        if kind == "request":
            return Resolution(ResolutionCode.RECLASSIFIED_REQUEST, False, CauseCorrected.YES)
        known = self.at.problems.get(self.service)
        if kind == "fixed" or (known is None and self.at.problems_left <= 0):
            return Resolution(ResolutionCode.FIXED, False, CauseCorrected.YES)
        joins = known is not None and (self.at.problems_left <= 0 or chance.happens(0.5))
        return Resolution(ResolutionCode.WORKAROUND, True, CauseCorrected.NO, known if joins else None)

    # 5.9

    async def dispute(self) -> None:
        """The customer says that it is not fixed: by mail, by the portal or on the telephone."""
        chance, text = self.at.chance, self.wording.one("disputes")
        if self.customer.email is not None and chance.happens(0.5):
            await self.at.mail(self.customer, f"Re: {self.words['subject']}", text, await self.at.case(self.number))
            return
        at_portal = self.customer.email is not None and chance.happens(0.4)
        who = await self.at.as_customer(self.customer) if at_portal else self.at.technician
        channel = None if at_portal else Channel.PHONE
        await self.at.desk.disputes.dispute(self.number, text, None, channel, who)

    async def confirm(self) -> None:
        """The customer says on the telephone that it can be closed."""
        confirmation = Confirmation("phone", self.at.now)
        await self.at.desk.closure.close(self.number, confirmation, self.customer.name, self.worker)
