"""The frame of a page: the places that a role has, with their counters."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Request

from api.http.console.access import asked_now
from api.http.console.marks import Place
from api.http.console.rendering import Frame
from api.http.console.wording import titled
from api.http.context import Context, context_of
from application.views.questions import QueueCounts
from domain.case.status import STAFF
from domain.catalogue import ListedService, ListedTeam
from domain.values import Actor, Role

_DESK = ("triage", "prioritization", "diagnosis", "resolved")
_ATTENTION = {
    "mine": "Mine",
    "breaching": "Due first",
    "unprioritized": "No priority yet",
    "unassigned": "No technician yet",
    "disputes": "Disputes",
    "awaiting_customer": "Waits for customer",
}
"""Queues beside those of the desk and the teams. Major incidents have a page of their own."""
ADMINISTRATION = (
    Place("Catalogue", "/ui/admin/catalogue"),
    Place("Teams and directory", "/ui/admin/teams"),
    Place("Policy", "/ui/admin/policy"),
    Place("Grants", "/ui/admin/grants"),
    Place("Monitoring sources", "/ui/admin/sources"),
    Place("Webhooks", "/ui/admin/webhooks"),
    Place("Customers", "/ui/customers"),
    Place("Erasures", "/ui/erasures"),
    Place("Legal holds", "/ui/holds"),
)
"""What the administrator keeps. Everybody on the staff has one place for all of it."""
HOME = {
    Role.TECHNICIAN: "/ui/queues/triage",
    Role.DUTY_MANAGER: "/ui/major",
    Role.AUDITOR: "/ui/audit",
    Role.REPORTER: "/ui/reports",
    Role.CUSTOMER: "/ui/cases",
    Role.ADMIN: "/ui/admin/catalogue",
}
"""Where each role begins."""


def home_of(actor: Actor) -> str:
    """Where a person begins."""
    if actor.role is Role.TEAM_MEMBER and actor.team:
        return f"/ui/queues/{quote(actor.team)}"
    return HOME.get(actor.role, "/ui/operations")


def queue_title(name: str, teams: Mapping[str, str]) -> str:
    """The name of a queue, in words: a team's is the team's."""
    return _ATTENTION.get(name) or teams.get(name) or titled(name)


async def frame_of(request: Request, actor: Actor) -> Frame:
    """The frame for a person. Counting the queues is one question to the views."""
    context = context_of(request)
    counts = await _counted(context, actor) if actor.role in STAFF else None
    reference = await context.desk.references.current()
    teams = {each.entry.id: each.entry.name for each in reference.all(ListedTeam)}
    shown = _places(actor, counts, teams)
    if context.caught is not None:
        shown = {**shown, "Demonstration": [Place("Mails to customers", "/demo/mail")]}
    return Frame(
        actor,
        context.sessions.csrf(request.state.session),
        context.desk.clock.now(),
        reference.policy.business.time_zone,
        request.url.path,
        counts.position if counts else None,
        shown,
        teams,
        {each.entry.id: each.entry.name for each in reference.all(ListedService)},
    )


async def sealed_up_to(context: Context, position: int) -> int:
    """The position up to which events are in the signed log; the log is not asked where that is known to be ``position``."""
    if context.seals.position < position:
        newest = await context.ask_log(context.log.checkpoints, None, 1)
        context.seals.position = max(context.seals.position, newest[0].position if newest else 0)
    return context.seals.position


async def _counted(context: Context, actor: Actor) -> QueueCounts:
    return await context.ask(context.views.lists.queues(await asked_now(context, actor)))


def _places(actor: Actor, counts: QueueCounts | None, names: Mapping[str, str]) -> Mapping[str, list[Place]]:
    status = Place("Operations", "/ui/operations")
    if actor.role is Role.ADMIN:
        return {"Administration": list(ADMINISTRATION), "Desk": [status]}
    if counts is None:
        own = [Place("My cases", "/ui/cases"), Place("Report an incident", "/report")]
        return {"": own if actor.role is Role.CUSTOMER else [status]}
    queues, needs = counts.queues, counts.attention
    others = {"obligations", "quarantine", "unprioritized"}
    teams = sorted({*queues} - {*_DESK} - others | ({actor.team} if actor.team else set()))
    attention = {**needs, "unprioritized": queues.get("unprioritized", 0)}
    work = [Place("Log a call", "/ui/cases/new")] if actor.role is Role.TECHNICIAN else []
    records = [
        Place("All cases", "/ui/cases"),
        Place("Obligations", "/ui/obligations", queues.get("obligations", 0)),
        Place("Quarantine", "/ui/quarantine", queues.get("quarantine", 0)),
        Place("Major incidents", "/ui/major", needs.get("major", 0)),
        Place("Problems", "/ui/problems"),
        Place("Reports", "/ui/reports"),
        Place("Audit", "/ui/audit"),
        *([Place("Erasures", "/ui/erasures"), Place("Legal holds", "/ui/holds")] if actor.role is Role.AUDITOR else ()),
        status,
        Place("Administration", "/ui/admin"),
    ]
    return {
        "": [*work, Place("Search", "/ui/search"), Place("Customers", "/ui/customers")],
        "Needs attention": [_queue(title, name, attention.get(name, 0)) for name, title in _ATTENTION.items()],
        "Desk": [_queue(titled(name), name, queues.get(name, 0)) for name in _DESK],
        "Teams": [_queue(names.get(name, titled(name)), name, queues.get(name, 0)) for name in teams],
        "Record": records,
    }


def _queue(title: str, name: str, count: int) -> Place:
    return Place(title, f"/ui/queues/{quote(name, safe='')}", count)
