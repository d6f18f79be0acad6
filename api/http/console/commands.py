"""The commands on a page: which are possible now, and why the others are not, by the same table as the API.

A form is carried out as the API carries out its body: the same checks, the same service, the same refusals.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from api.http.console.access import Form
from api.http.console.before import Step, steps_before, without_clauses
from api.http.console.choices import Offers, offers, with_options
from api.http.console.fields import Field, body_of, typed
from api.http.console.forms.cases import CASE_FORMS
from api.http.console.forms.command_form import CommandForm
from api.http.console.forms.others import PROBLEM_FORMS
from api.http.context import Context, admit
from api.http.entrance.sessions import Session
from api.http.fields import pointer
from api.http.problems import Problem, trace_id_of, understood
from api.http.routes.verbs import VERBS, Verb
from application.cases.documents import OF_THE_FIRST, problem_document
from application.execution.requests import Committed, Idempotency, StaleVersion
from application.execution.requests import Request as Asked
from domain.case import Case
from domain.case.status import Status, allow, authorise, authorise_team
from domain.errors import DomainError, InvalidTransition
from domain.problem import COMMANDS as PROBLEM_COMMANDS
from domain.problem import Problem as ProblemCase
from domain.problem import authorise_problem
from domain.values import Actor, Role

_VERBS = {(verb.path.split("/")[1], verb.path.rpartition("/")[2]): verb for verb in VERBS if "{number}" in verb.path}
_NEXT = {
    Status.LOGGED: ("triage",),
    Status.TRIAGED: ("prioritize",),
    Status.PRIORITIZED: ("diagnose",),
    Status.IN_DIAGNOSIS: ("set-service", "assign", "resolve"),
    Status.ASSIGNED: ("accept", "verify", "resolve"),
    Status.RESOLVED: ("close",),
}
"""The usual next step of each status."""


@dataclass(frozen=True)
class Choice:
    """A command that is possible now."""

    name: str
    form: CommandForm
    fields: Sequence[Field]
    usual: bool = False
    """Whether it is the usual next step."""
    title: str = ""
    explained: str = ""
    before: Sequence[Step] = ()
    """What must be done first."""


@dataclass(frozen=True)
class NotNow:
    """A command that is not possible now, and why."""

    name: str
    title: str
    reason: str


@dataclass(frozen=True)
class Attempted:
    """A form that was refused: what was typed, and why it was refused."""

    name: str
    values: Mapping[str, str]
    problem: Problem
    wrong: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with each field."""

    @property
    def given(self) -> Sequence[str]:
        """The fields that hold something, or in which something is wrong."""
        return [name for name, value in self.values.items() if value or name in self.wrong]


@dataclass(frozen=True)
class Commands:
    """The commands on a case or a problem, for one person."""

    possible: Sequence[Choice] = ()
    refused: Sequence[NotNow] = ()
    attempted: Attempted | None = None

    @property
    def others(self) -> Sequence[Choice]:
        """Those that are possible, beside the note, which has a place of its own."""
        return [each for each in self.possible if each.name != "notes"]

    @property
    def usual(self) -> Choice | None:
        """The usual next step."""
        return next((each for each in self.possible if each.usual), None)


def verb_of(noun: str, name: str) -> Verb:
    """The command of an address. Raises Problem 404."""
    form = (CASE_FORMS if noun == "cases" else PROBLEM_FORMS).get(name)
    found = _VERBS.get((noun, form.gives or name)) if form else None
    if found is None:
        raise Problem("not-found", "there is no such command")
    return found


async def case_commands(
    context: Context, case: Case, document: Mapping[str, Any], actor: Actor, attempted: Attempted | None = None
) -> Commands:
    """The commands on a case, whose document the actor reads."""
    reasons = {name: why_not(case, actor, name) for name in CASE_FORMS}
    names = [name for name, why in reasons.items() if why is None]
    offered = await offers(context, (field for name in names for field in CASE_FORMS[name].fields), document)
    usual = _usual(case, names)
    possible = [_choice(case, actor, name, offered, names, usual=name == usual) for name in names]
    possible.sort(key=lambda each: not each.usual)
    refused = [NotNow(name, CASE_FORMS[name].title, without_clauses(why)) for name, why in reasons.items() if why]
    return Commands(possible, refused, attempted)


def _choice(case: Case, actor: Actor, name: str, offered: Offers, possible: Sequence[str], *, usual: bool) -> Choice:
    form, is_customer = CASE_FORMS[name], actor.role is Role.CUSTOMER
    fields = [each for each in form.fields if not (is_customer and each.of_staff)]
    title, explained = (is_customer and form.to_customers) or (form.title, form.explained)
    steps = steps_before(case, name, offered.reference.policy)
    return Choice(
        name,
        form,
        tuple(map(offered.filled, fields)),
        usual,
        title,
        explained,
        [step for step in steps if step.command in possible],
    )


def _usual(case: Case, possible: Sequence[str]) -> str | None:
    """The usual next step, where this person may take it."""
    done = {"accept"} if case.technician is not None else set()
    done |= {"verify"} if case.verified_at is not None else set()
    done |= {"set-service"} if case.service is not None else set()
    return next((name for name in _NEXT.get(case.status, ()) if name not in done and name in possible), None)


def why_not(case: Case, actor: Actor, name: str) -> str | None:
    """Why a command is not possible now; None if it is. Empty for a command that this role never gives."""
    command = verb_of("cases", name).command
    try:
        authorise(actor, command)
    except DomainError:
        return ""
    if name in OF_THE_FIRST and (case.continued or case.goes_with is not None):
        return f"It goes with {case.duplicate_of or case.goes_with}."
    try:
        allow(command, case.status, actor.role)
        if actor.role is Role.TEAM_MEMBER:
            authorise_team(actor, command, case.team)
    except InvalidTransition as error:
        return str(error).partition(" Possible now:")[0]
    except DomainError as error:
        return str(error)
    return _nothing_to_do(case, name)


def _nothing_to_do(case: Case, name: str) -> str | None:
    """Why a command that the table allows has nothing to act on."""
    missing = {
        "resume": None if case.pending else "It does not wait.",
        "pend": "It waits already." if case.pending else None,
        "unrelate": None if case.links else "It has no links.",
        "waive": None if case.incomplete else "No required information is missing.",
        "discharge": None if case.obligations else "Nothing is owed.",
        "uphold-dispute": None if case.suspected_at else "No message is suspected to be a dispute.",
        "dismiss-dispute": None if case.suspected_at else "No message is suspected to be a dispute.",
        "reject-major": None if case.major == "nominated" else "It is not nominated.",
    }
    return missing.get(name)


async def problem_commands(
    context: Context, problem: ProblemCase, actor: Actor, attempted: Attempted | None = None
) -> Commands:
    """The commands on a Problem Case."""
    possible, refused = [], []
    for name, form in PROBLEM_FORMS.items():
        verb = verb_of("problems", name)
        rule = PROBLEM_COMMANDS[verb.command]
        if actor.role not in rule.who:
            continue
        if problem.status in rule.since:
            fields = await with_options(context, form.fields, problem_document(problem))
            possible.append(Choice(name, form, fields, title=form.title, explained=form.explained))
        else:
            refused.append(NotNow(name, form.title, f"Not possible while it is {problem.status}."))
    return Commands(possible, refused, attempted)


async def carried_out(
    request: Request,
    context: Context,
    session: Session,
    verb: Verb,
    number: str,
    form: Form,
    fields: Sequence[Field],
    name: str = "",
) -> Committed | Attempted:
    """Carry a form out as the person who sends it, or say why it was refused. ``name`` is the form's."""
    try:
        actor = await admit(request, session.principal, verb.roles)
        (authorise_problem if verb.on_problem else authorise)(actor, verb.command)
        return await _carry_out(request, context, actor, verb, number, form, fields)
    except Exception as error:
        problem = understood(error)
        if problem is None or problem.slug in ("not-found", "unauthenticated"):
            raise
        if isinstance(error, StaleVersion):
            problem = Problem("stale-version", str(error), seen=error.expected)
        wrong = {each["pointer"].strip("/").replace("/", "."): each["detail"] for each in problem.errors}
        return Attempted(name, typed(fields, form), problem, wrong)


async def _carry_out(
    request: Request, context: Context, actor: Actor, verb: Verb, number: str, form: Form, fields: Sequence[Field]
) -> Committed:
    reference = await context.desk.references.current()
    given = body_of(fields, form, reference.policy.business.time_zone)
    if "received_at" in verb.body.model_fields and verb.body.model_fields["received_at"].is_required():
        given.setdefault("received_at", context.desk.clock.now().isoformat())
    if "confirmation" in given:  # the customer has just said so, unless a time is given
        given["confirmation"].setdefault("at", context.desk.clock.now().isoformat())
    try:
        body = verb.body.model_validate_json(json.dumps(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = [{"detail": _plain(each["msg"]), "pointer": pointer(each["loc"])} for each in found]
        raise Problem("validation-failed", "Some fields need another look.", errors=wrong) from None
    body.check(actor, context.desk.clock.now(), reference.policy)
    return await body.run(context.desk, number, _asked(request, actor, verb, number, form, given, body.why))


def _plain(message: str) -> str:
    return {"Field required": "This is needed."}.get(message, message.removeprefix("Value error, "))


def _asked(
    request: Request, actor: Actor, verb: Verb, number: str, form: Form, given: Mapping[str, Any], reason: str | None
) -> Asked:
    """Who asks. A form that is sent twice is carried out once; sent again with other words, it is another command."""
    once, seen = form.get("once", [""])[0], form.get("version", [""])[0]
    words = json.dumps(given, sort_keys=True).encode()
    asked = Asked(actor, "console", trace_id=trace_id_of(request), reason=reason)
    if once:
        key = hashlib.sha256(f"console\0{actor.subject}\0{verb.path}\0{number}\0{once}\0".encode() + words).digest()
        asked = replace(asked, idempotency=Idempotency(key, hashlib.sha256(words).digest(), verb.status))
    return replace(asked, expected=int(seen)) if verb.conditional and seen.isdecimal() else asked
