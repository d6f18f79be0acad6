"""A small demonstration desk: a dozen cases, at least one in every status, made by the ordinary commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.resources import files
from typing import Any

import yaml

from application.desk import Desk
from application.execution.requests import Committed, Request
from application.imports.catalogue_file import carry_out, read_catalogue
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import Verification
from domain.case.terms import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.values import Actor, Channel, Level, Nature, Role

_DESK = Request(Actor("a.ortiz", Role.TECHNICIAN), "demo")
_SECOND = Request(Actor("b.chen", Role.TECHNICIAN), "demo")
_NETWORK = Request(Actor("t.lee", Role.TEAM_MEMBER, "network"), "demo")
_MESSAGING = Request(Actor("m.ruiz", Role.TEAM_MEMBER, "messaging"), "demo")

Step = Callable[[Desk, str], Awaitable[Committed]]


def _triage(desk: Desk, number: str) -> Awaitable[Committed]:
    return desk.triage.triage(number, "desk", _DESK)


def _prioritize(impact: int, severity: int) -> Step:
    assessment = Assessment(Level(impact), Level(severity))
    return lambda desk, number: desk.diagnosis.prioritize(number, assessment, _DESK)


def _diagnose(desk: Desk, number: str) -> Awaitable[Committed]:
    words = {"symptoms": "as reported", "findings": "reproduced at the desk"}
    return desk.diagnosis.diagnose(number, words, None, (), _SECOND)


def _assign(team: str) -> Step:
    return lambda desk, number: desk.assignment.assign(number, team, None, "beyond what the desk can do", _SECOND)


def _verify(request: Request) -> Step:
    return lambda desk, number: desk.resolution.verify(
        number, Verification(True, True, "phone", desk.clock.now()), request
    )


def _resolve(request: Request, code: ResolutionCode, cause: CauseCorrected) -> Step:
    resolution = Resolution(code, code is ResolutionCode.WORKAROUND, cause)
    return lambda desk, number: desk.resolution.resolve(
        number, resolution, "service restarted, customer works again", request
    )


def _close(desk: Desk, number: str) -> Awaitable[Committed]:
    return desk.closure.close(number, Confirmation("phone", desk.clock.now()), "the customer", _DESK)


_READY: tuple[Step, ...] = (_triage, _prioritize(2, 2), _diagnose)
_AT_NETWORK: tuple[Step, ...] = (*_READY, _assign("network"))
_AT_MESSAGING: tuple[Step, ...] = (*_READY, _assign("messaging"))
_FIXED = _resolve(_NETWORK, ResolutionCode.FIXED, CauseCorrected.YES)

_CASES: tuple[tuple[Channel, str, str, tuple[Step, ...]], ...] = (
    (Channel.PHONE, "printing", "Printer on floor 2 does not print", ()),
    (Channel.EMAIL, "email", "Cannot open the shared mailbox", (_triage,)),
    (Channel.PHONE, "payroll", "Payslips of October are missing", (_triage, _prioritize(1, 1))),
    (Channel.SELF_SERVICE, "printing", "Prints come out blank", _READY),
    (Channel.PHONE, "printing", "Print queue stuck", _AT_NETWORK),
    (
        Channel.PHONE,
        "printing",
        "Badge printer offline",
        (*_AT_NETWORK, lambda desk, number: desk.assignment.accept(number, _NETWORK)),
    ),
    (
        Channel.EMAIL,
        "email",
        "Mail to one address bounces",
        (
            *_AT_MESSAGING,
            lambda d, n: d.pending.pend(n, PendingReason.CUSTOMER, "asked for the bounce message", _MESSAGING),
        ),
    ),
    (
        Channel.PHONE,
        "email",
        "Calendar does not sync",
        (*_AT_MESSAGING, lambda desk, number: desk.assignment.hand_back(number, "this is a phone setting", _MESSAGING)),
    ),
    (Channel.PHONE, "printing", "No network at the counter", (*_AT_NETWORK, _verify(_NETWORK), _FIXED)),
    (
        Channel.PHONE,
        "payroll",
        "Time sheet page times out",
        (*_READY, _resolve(_DESK, ResolutionCode.WORKAROUND, CauseCorrected.NO)),
    ),
    (Channel.WALK_IN, "printing", "Toner empty on floor 4", (*_AT_NETWORK, _verify(_NETWORK), _FIXED, _close)),
    (
        Channel.PHONE,
        "email",
        "Mailbox full although emptied",
        (
            *_READY,
            _resolve(_DESK, ResolutionCode.FIXED, CauseCorrected.YES),
            lambda desk, number: desk.disputes.dispute(number, "it is full again", None, Channel.PHONE, _DESK),
        ),
    ),
)


DEMO_CUSTOMER = "jo.field@agency.example"
"""Address of the customer for whom the demonstration has a token."""
_JO = {"name": "Jo Field", "email": DEMO_CUSTOMER, "phone": None}
_OF_JO = (3, 8)
"""Indexes of Jo's cases: one waits for work, one is resolved."""


def _customer(number: int) -> dict[str, Any]:
    return {"name": f"Customer {number}", "email": f"customer{number}@agency.example", "phone": None}


async def load_demo(desk: Desk) -> int:
    """Load the demonstration's catalogue and cases into an empty desk. Returns the number of cases loaded."""
    text = files("application.demo").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    plan = await read_catalogue(desk, yaml.safe_load(text))
    assert not plan.findings, plan.findings
    await carry_out(desk, plan)
    for place, (channel, service, subject, steps) in enumerate(_CASES):
        received = desk.clock.now() - timedelta(minutes=7 * (len(_CASES) - place))
        report = IncidentReport(channel, received, "", Nature.ACTUAL, agency="dot", service=service)
        contact = _JO if place in _OF_JO else _customer(place + 1)
        words = {"subject": subject, "description": f"{subject}, since this morning.", "symptoms": None}
        number = (await desk.logging.log(report, contact, words, {}, _DESK)).case.number
        for step in steps:
            await step(desk, number)
    return len(_CASES)
