"""The words of the console for statuses, roles and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.case.status import Status
from domain.values import Role

Data = Mapping[str, Any]

STATUSES = {
    Status.LOGGED: "Logged",
    Status.TRIAGED: "Triaged",
    Status.PRIORITIZED: "Prioritized",
    Status.IN_DIAGNOSIS: "In diagnosis",
    Status.ASSIGNED: "Assigned",
    Status.RESOLVED: "Resolved",
    Status.CLOSED: "Closed",
    "open": "Open",
    "investigated": "Investigated",
    "known_error": "Known error",
}
PRIORITIES = {1: "P1", 2: "P2", 3: "P3", 4: "P4"}
ROLES = {
    Role.TECHNICIAN: "Technician",
    Role.TEAM_MEMBER: "Team member",
    Role.DUTY_MANAGER: "Duty manager",
    Role.AUDITOR: "Auditor",
    Role.REPORTER: "Reports",
    Role.CUSTOMER: "Customer",
    Role.INTAKE: "Monitoring",
    Role.ADMIN: "Administrator",
}
OWED = {
    "inform_customer": "Inform the customer",
    "inform_management": "Inform the management",
    "communicate": "Send the next message to those affected",
    "review_major": "Review the major incident",
    "decide_uninformed": "Decide: the customer cannot be informed",
    "answer_consultation": "Answer a consultation",
    "answer_nomination": "Answer the nomination",
    "decide_dispute": "Decide whether it is a dispute",
    "read_answer": "Read the customer's answer",
    "ask_customer": "Ask the customer by other means",
}


_SPELLED = {"sms": "SMS", "email": "e-mail"}


def spelled(code: Any) -> str:
    """A code as words: `in_diagnosis` reads `in diagnosis`."""
    return _SPELLED.get(str(code), str(code).replace("_", " ").replace("-", " "))


def titled(code: Any) -> str:
    """The same with a capital."""
    words = spelled(code)
    return words[:1].upper() + words[1:]


def named(subject: str) -> str:
    """Who acted, as people read it: a process of the desk is called so."""
    process = subject.removeprefix("system:")
    return subject if process == subject else f"the desk ({spelled(process)})"


def _verified(data: Data) -> str:
    if data.get("outcome") == "unreachable":
        return f"tried to reach the customer by {spelled(data['method'])}"
    word = "confirmed by" if data["satisfactory"] and data["able_to_work"] else "recorded a negative answer by"
    return f"{word} {spelled(data['method'])}: the customer " + (
        "is satisfied and able to work" if data["satisfactory"] and data["able_to_work"] else "cannot work yet"
    )


def _resolved(data: Data) -> str:
    cause = {"yes": "the cause is corrected", "no": "the cause remains", "unknown": "the cause is unknown"}
    more = cause.get(data.get("cause_corrected", ""))
    return f"resolved it: {spelled(data['code'])}" + (f"; {more}" if more else "")


def _prioritized(data: Data) -> str:
    told = f"set priority P{data['priority']} (impact {data['impact']}, severity {data['severity']})"
    computed = data.get("computed")
    return told if computed in (None, data["priority"]) else f"{told} instead of the matrix's P{computed}"


def _discharged(data: Data) -> str:
    kind = str(data.get("obligation", "")).partition(":")[0]
    method = f" by {spelled(data['method'])}" if data.get("method") else ""
    return f"did what was owed{method}: {OWED.get(kind, spelled(kind)).lower()}"


def _linked(data: Data) -> str:
    return f"linked {data.get('case') or 'another case'} as {spelled(data['kind'])}"


EVENTS: Mapping[str, Callable[[Data], str]] = {
    "case.logged": lambda d: f"logged the case, reported by {spelled(d['channel'])}",
    "case.corrected": lambda d: (
        f"corrected the {spelled(d['field'])}" + (f" to {d['value']}" if d.get("value") else "")
    ),
    "case.information_waived": lambda d: f"waived missing information: {', '.join(d.get('fields', ()))}",
    "case.triaged": lambda _: "triaged it: it is for this desk",
    "case.referred": lambda d: f"referred it to {d['help_desk']}",
    "case.prioritized": _prioritized,
    "case.diagnosed": lambda d: "recorded a diagnosis" + (f" with script {d['script']}" if d.get("script") else ""),
    "case.known_errors_searched": lambda d: (
        f"searched the known errors: {len(d.get('shown') or ())} found"
        + (f", {d['chosen']} chosen" if d.get("chosen") else "")
    ),
    "case.linked": _linked,
    "case.unlinked": lambda d: f"removed the link to {d.get('case') or 'another case'} ({spelled(d['kind'])})",
    "case.found_unrelated": lambda d: f"found {d.get('case') or 'another case'} to be unrelated",
    "case.consultation_requested": lambda d: f"asked those who work on {d.get('case')}",
    "case.consultation_answered": lambda d: f"answered about {d.get('case')}",
    "case.assigned": lambda d: (
        f"assigned it to the team {d['team']}" + (f", technician {d['technician']}" if d.get("technician") else "")
    ),
    "case.accepted": lambda _: "accepted it",
    "case.handed_back": lambda d: f"handed it back from {d.get('team')}",
    "case.major_nominated": lambda _: "nominated it as a major incident",
    "case.major_declared": lambda d: f"declared a major incident, led by {d.get('owner')}",
    "case.major_rejected": lambda _: "rejected the nomination as a major incident",
    "case.discharged": _discharged,
    "case.fanned_out": lambda d: f"resolved {len(d.get('cases', ()))} linked cases as this one",
    "case.pended": lambda d: f"set it to wait for: {spelled(d['reason_code'])}",
    "case.resumed": lambda _: "resumed work",
    "case.question_failed": lambda _: "could not mail the question to the customer",
    "case.verified": _verified,
    "case.resolved": _resolved,
    "case.notified": lambda _: "told the customer of the resolution; the dispute window runs",
    "case.notification_failed": lambda d: (
        f"could not tell the customer of the resolution: {spelled(d.get('cause', ''))}"
    ),
    "case.informed": lambda d: (
        ("informed" if d.get("informed", True) else "could not reach") + f" the customer by {spelled(d['method'])}"
    ),
    "case.disputed": lambda _: "disputed the resolution",
    "case.reopened": lambda _: "reopened the case",
    "case.closed": lambda d: (
        "closed the case" + (f", confirmed by {spelled(d['confirmation']['method'])}" if d.get("confirmation") else "")
    ),
    "case.dispute_suspected": lambda _: "received words that may be a dispute: the closure waits",
    "case.dispute_dismissed": lambda _: "decided that it is no dispute",
    "case.message_received": lambda d: "received an automatic mail" if d.get("automatic") else "wrote",
    "case.alerted": lambda d: f"{d.get('source', 'monitoring')} sent {len(d.get('alerts') or ())} alerts",
    "case.recovery_observed": lambda d: f"{d.get('source', 'monitoring')} saw a recovery",
    "case.noted": lambda d: "wrote a note" + (" for the customer" if d.get("visible_to_customer") else ""),
    "case.attached": lambda _: "added a file",
    "case.hold_placed": lambda _: "placed a legal hold",
    "case.hold_released": lambda _: "released the legal hold",
    "case.personal_data_erased": lambda _: "erased personal data",
    "case.imported": lambda _: "imported a row of another system",
    "case.priority_imported": lambda d: (
        "assessed it in another system" + (f": priority {d['priority']}" if d.get("priority") else "")
    ),
}
"""What the actor of an event did, as the end of a sentence that begins with their name."""

SHAPES = {
    "case.noted": "note",
    "case.message_received": "mail",
    "case.resolved": "done",
    "case.closed": "done",
    "case.verified": "done",
    "case.disputed": "back",
    "case.reopened": "back",
    "case.handed_back": "back",
    "case.assigned": "hand",
    "case.accepted": "hand",
    "case.attached": "file",
    "case.pended": "wait",
    "case.alerted": "bell",
}
"""The shape that stands for an event."""


def sentence(topic: str, data: Data) -> str:
    """What happened, in words. An event that has none here is named by its topic."""
    said = EVENTS.get(topic)
    return said(data) if said else spelled(topic.partition(".")[2])
