"""Which commands append which event: the names of the command tables, and what happens without a command."""

from __future__ import annotations

from application.administration.catalogue import COMMANDS as OFFICE
from application.administration.saved_filters import COMMANDS as FILTERS
from application.personal_data.approvals import COMMANDS as APPROVALS
from domain.case.status import COMMANDS as CASES
from domain.case.status import STAFF
from domain.problem import COMMANDS as PROBLEMS
from domain.receipt import COMMANDS as INTAKE
from domain.values import Role

_ENTRY = (("list_entry",), "the operator's catalogue file")
_MAIL = ((), "the mail worker (`system:mail`)")
_TAKEN_IN = ((), "intake, while it takes a message in")
_LOG = ((), "the operator, by `caseledger tlog`")
_TARGETS = ((), "the timer of targets (`system:targets`)")
_ERASED = (("erase",), "")
CAUSES: dict[str, tuple[tuple[str, ...], str]] = {
    "case.logged": (("log", "follow_up"), "intake: mail, monitoring; the import of history"),
    "case.corrected": (("correct",), ""),
    "case.information_waived": (("waive",), ""),
    "case.triaged": (("triage",), ""),
    "case.referred": (("refer",), ""),
    "case.prioritized": (("prioritize",), "the import of history"),
    "case.diagnosed": (("diagnose",), ""),
    "case.known_errors_searched": (("known_errors",), ""),
    "case.linked": (("relate", "declare_major"), "the same command on the other case"),
    "case.unlinked": (("unrelate",), "the same command on the other case"),
    "case.found_unrelated": (("relate",), ""),
    "case.consultation_requested": (("consult",), ""),
    "case.consultation_answered": (("answer_consultation",), ""),
    "case.assigned": (("assign",), "the import of history"),
    "case.accepted": (("accept",), ""),
    "case.handed_back": (("hand_back",), ""),
    "case.major_nominated": (("nominate_major",), "priority 1 (`system:priority`); a rule of a monitoring source"),
    "case.major_declared": (("declare_major",), ""),
    "case.major_rejected": (("reject_major",), ""),
    "case.discharged": (("discharge",), ""),
    "case.fanned_out": (("fan_out",), ""),
    "case.pended": (("pend",), "the import of history"),
    "case.resumed": (("resume",), "the customer's answer (`system:answer`); the import of history"),
    "case.question_failed": _MAIL,
    "case.verified": (("verify",), ""),
    "case.resolved": (
        ("resolve", "refer", "relate", "fan_out"),
        "the resolution of the first case, for its duplicates; the import of history",
    ),
    "case.notified": (("notify",), ""),
    "case.notification_failed": (("notify",), ""),
    "case.informed": (("discharge", "refer"), ""),
    "case.disputed": (("dispute", "uphold_dispute"), ""),
    "case.reopened": (
        ("dispute", "uphold_dispute", "reopen"),
        "a new alert; the reopening of the first case, for its duplicates; the import of history",
    ),
    "case.dispute_suspected": (("suspect_dispute",), "a mail that may be a dispute"),
    "case.dispute_dismissed": (("dismiss_dispute",), ""),
    "case.closed": (
        ("close",),
        "the end of the window (`system:auto-close`); the closure of the first case, for its duplicates; the import of history",
    ),
    "case.alerted": ((), "intake: monitoring"),
    "case.recovery_observed": ((), "intake: monitoring"),
    "case.noted": (("note",), ""),
    "case.attached": (("attach",), ""),
    "case.message_received": (("receive_message",), ""),
    "case.hold_placed": (("hold",), ""),
    "case.hold_released": (("release_hold",), ""),
    "case.personal_data_erased": _ERASED,
    "case.imported": ((), "the import of history"),
    "case.priority_imported": ((), "the import of history"),
    "problem.opened": (("open_problem", "resolve"), "the operator's catalogue file"),
    "problem.incident_linked": (("resolve", "fan_out"), ""),
    "problem.investigated": (("investigate",), ""),
    "problem.root_cause_found": (("find_root_cause",), ""),
    "problem.known_error_published": (("publish_known_error",), "the operator's catalogue file"),
    "problem.prioritized": (("prioritize_problem",), ""),
    "problem.resolved": (("resolve_problem",), ""),
    "problem.reopened": (("reopen_problem",), ""),
    "problem.closed": (("close_problem",), ""),
    "message.queued": ((), "an event that owes a mail, in the same transaction"),
    "message.deferred": _MAIL,
    "message.accepted": _MAIL,
    "message.bounced": ((), "the mail worker (`system:mail`), or a bounce that comes in"),
    "message.withdrawn": _MAIL,
    "intake.received": _TAKEN_IN,
    "intake.logged": _TAKEN_IN,
    "intake.signalled": _TAKEN_IN,
    "intake.quarantined": _TAKEN_IN,
    "intake.released": (("release_message",), ""),
    "intake.discarded": (("discard_message",), ""),
    "intake.joined": (("join_message",), "intake, while it takes a message in"),
    "intake.returned": _TAKEN_IN,
    "intake.recorded": _TAKEN_IN,
    "service.defined": _ENTRY,
    "service.changed": _ENTRY,
    "team.formed": _ENTRY,
    "team.changed": _ENTRY,
    "help_desk.listed": _ENTRY,
    "help_desk.changed": _ENTRY,
    "script.published": _ENTRY,
    "script.revised": _ENTRY,
    "customer.registered": _ENTRY,
    "customer.changed": _ENTRY,
    "policy.adopted": ((), "the first start of a desk"),
    "policy.changed": (("change_policy",), ""),
    "access.opened": (("grant",), "the operator: `caseledger token`, the catalogue file"),
    "access.granted": (("grant",), "the operator: `caseledger token`, the catalogue file"),
    "access.revoked": (("revoke",), ""),
    "filters.opened": (("save_filter",), ""),
    "filters.saved": (("save_filter",), ""),
    "filters.removed": (("remove_filter",), ""),
    "subject.opened": _ERASED,
    "subject.personal_data_erased": _ERASED,
    "problem.personal_data_erased": _ERASED,
    "message.personal_data_erased": _ERASED,
    "intake.personal_data_erased": _ERASED,
    "customer.personal_data_erased": _ERASED,
    "approval.personal_data_erased": _ERASED,
    "approval.opened": (("hold", "release_hold", "erase"), ""),
    "approval.requested": (("hold", "release_hold", "erase"), ""),
    "approval.given": (("approve",), ""),
    "approval.refused": (("refuse",), ""),
    "approval.withdrawn": (("withdraw",), ""),
    "approval.used": (("approve", "erase"), "a hold takes effect with its approval"),
    "log.opened": ((), "the first event of the log's history"),
    "log.key_introduced": _LOG,
    "log.key_retired": _LOG,
    "log.restarted": _LOG,
    "log.attested": ((), "the operator, by `caseledger attest`"),
    "alert.raised": ((), "intake: monitoring"),
    "alert.observed": ((), "intake: monitoring"),
    "watch.observed": ((), "intake: monitoring"),
    "target.warned": _TARGETS,
    "target.breached": _TARGETS,
    "target.escalated": _TARGETS,
    "source.registered": _ENTRY,
    "source.changed": _ENTRY,
    "source.key_issued": (("issue_key",), ""),
    "source.key_revoked": (("revoke_key",), ""),
    "webhook.subscribed": (("list_entry",), ""),
    "webhook.changed": (("list_entry",), ""),
    "webhook.secret_issued": (("issue_secret",), ""),
    "webhook.secret_revoked": (("revoke_secret",), ""),
    "webhook.disabled": (("disable_webhook",), "the webhook worker (`system:webhooks`)"),
    "webhook.enabled": (("enable_webhook",), ""),
    "webhook.replay_ordered": (("replay_webhook",), ""),
    "webhook.pinged": (("ping_webhook",), ""),
    "report.issued": ((), "the processes (`system:reports`), when a scheduled report is due"),
}
"""The commands, and what else appends the event, by topic."""


def cause(topic: str) -> str:
    """What appends an event, and who may: one line."""
    commands, otherwise = CAUSES[topic]
    said = [f"`{command}` ({', '.join(who(command))})" for command in commands]
    return "; ".join((*said, otherwise) if otherwise else said)


def who(command: str) -> list[str]:
    """The roles that may give a command, in words. Raises KeyError for one that no table has."""
    if command in OFFICE:
        return [str(Role.ADMIN)]
    if command in CASES:
        anyone = [str(role) for row in CASES[command] for role in row.who]
        team = [f"{role} of the case's team" for row in CASES[command] for role in row.team]
        own = [f"{role} for their own cases" for row in CASES[command] for role in row.own]
        return list(dict.fromkeys((*anyone, *team, *own)))
    if command in APPROVALS:
        return sorted(APPROVALS[command])
    if command in FILTERS:
        return sorted(STAFF)
    return sorted(PROBLEMS[command].who if command in PROBLEMS else INTAKE[command].who)
