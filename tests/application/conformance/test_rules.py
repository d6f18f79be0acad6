"""Every rule of the SOP's model has a history that it speaks about and that conforms, and one that contradicts it alone."""

from __future__ import annotations

import pytest

from application.reports.conformance.check import check
from application.reports.conformance.history import History
from application.reports.conformance.model_file import sop
from application.reports.conformance.rules import Kind
from domain.policy import first_policy
from tests.application.conformance.histories import (
    ASSIGNED,
    CLOSED,
    DIAGNOSED,
    DUPLICATE,
    LINKED,
    LOGGED,
    MAIL,
    NOTIFIED,
    PRIORITIZED,
    REFERRED,
    REOPENED,
    RESOLVED,
    VERIFIED,
    history,
    step,
)

MODEL = sop(first_policy().business)
RULES = {rule.name: rule for rule in MODEL.rules}
BY_DUTY_MANAGER = {"role": "duty_manager", "deviations": ["closed_uninformed"], "reason": {"digest": "d"}}
ATTEMPTS = [
    step("verified", hours, satisfactory=False, able_to_work=False, outcome="unreachable", method=method)
    for hours, method in ((1, "phone"), (24, "email"), (24, "phone"))
]
FAILED = [step("notification_failed", 5, failures=failures) for failures in (1, 2, 3)]
IMPORTED_RESOLVED = (
    *LOGGED,
    step("prioritized"),
    step("resolved", code="not_recorded", cause_corrected="not_recorded"),
)
PROBLEM = {"code": "workaround", "cause_corrected": "no", "problem": "PRB-0000001"}

CASES: dict[str, tuple[History, History]] = {
    # rule: (conforms, contradicts)
    "begins-with-its-log": (history(*LOGGED), history(step("noted", 0), *LOGGED)),
    "logged-once": (history(*LOGGED), history(*LOGGED, *LOGGED)),
    "service-before-assignment": (
        history(
            step("logged", 0, service=None), *PRIORITIZED[1:], step("corrected", field="service"), step("assigned")
        ),
        history(step("logged", 0, service=None), *ASSIGNED[1:]),
    ),
    "averted-was-impending": (
        history(step("logged", 0, nature="impending"), *VERIFIED[1:], step("resolved", code="averted"), MAIL),
        history(*VERIFIED, step("resolved", code="averted"), MAIL),
    ),
    "channel-stays": (history(*CLOSED), history(*ASSIGNED, step("corrected", field="channel"))),
    "received-before-logged": (history(*LOGGED), history(step("logged", 0, received_at="now + 1"))),
    "complete-before-resolution": (
        history(step("logged", 0, required=["contact"]), *VERIFIED[1:], step("information_waived"), *RESOLVED[-2:]),
        history(step("logged", 0, required=["contact"]), *RESOLVED[1:]),
    ),
    "ownership-before-priority": (history(*PRIORITIZED), history(*LOGGED, step("prioritized"))),
    "referral-resolves": (history(*REFERRED), history(*LOGGED, *REFERRED[-2:])),
    "referral-is-told": (history(*REFERRED), history(*REFERRED[:-1], step("noted"))),
    "disputed-referral-to-triage": (
        history(*REFERRED, step("disputed"), step("reopened", 0, disputed=True, status="triaged")),
        history(*REFERRED, step("disputed"), step("reopened", 0, disputed=True, status="logged")),
    ),
    "priority-before-work": (history(*DIAGNOSED), history(*LOGGED, step("triaged"), step("assigned"))),
    "override-has-a-reason": (
        history(*LOGGED, step("triaged"), step("prioritized", computed=3, reason={"digest": "d"})),
        history(*LOGGED, step("triaged"), step("prioritized", computed=3)),
    ),
    "script-left": (history(*DIAGNOSED), history(*PRIORITIZED, step("diagnosed", deviations=["script_retired"]))),
    "symptoms-before-assignment": (
        history(
            step("logged", 0, symptomatic=False),
            *PRIORITIZED[1:],
            step("corrected", field="symptoms"),
            step("assigned", words=None),
        ),
        history(step("logged", 0, symptomatic=False), *PRIORITIZED[1:], step("assigned", words=None)),
    ),
    "first-contact-had-no-team": (
        history(*RESOLVED),
        history(*VERIFIED, step("resolved", first_contact=True), MAIL),
    ),
    "first-technician-consulted": (
        history(*ASSIGNED, step("linked", kind="related", technician="t.lee")),
        history(*ASSIGNED, step("linked", kind="related", deviations=["first_technician_not_consulted"])),
    ),
    "duplicate-resolves": (history(*DUPLICATE), history(*LINKED, step("noted"))),
    "duplicate-has-a-first": (history(*DUPLICATE), history(*LOGGED, DUPLICATE[-1])),
    "duplicate-has-no-window": (
        history(*DUPLICATE, step("message.queued"), step("notified", dispute_until=None)),
        history(*DUPLICATE, step("message.queued"), step("notified")),
    ),
    "duplicate-closes-with-its-first": (
        history(*DUPLICATE, step("closed", with_first="INC-0000001")),
        history(*DUPLICATE, step("closed", role="customer")),
    ),
    "team-has-the-case": (
        history(*ASSIGNED, step("accepted"), step("handed_back")),
        history(*ASSIGNED, step("handed_back"), step("handed_back")),
    ),
    "nomination-before-answer": (
        history(*ASSIGNED, step("major_nominated"), step("major_rejected")),
        history(*ASSIGNED, step("major_nominated"), step("major_rejected"), step("major_rejected")),
    ),
    "team-answers-nomination": (
        history(*ASSIGNED, step("major_nominated"), step("major_declared")),
        history(
            *(*ASSIGNED, step("major_nominated")),
            step("major_declared", role="duty_manager", deviations=["declared_by_duty_manager"]),
        ),
    ),
    "follows-a-linked-case": (
        history(*ASSIGNED, step("linked", kind="major"), step("resolved", verifier="parent"), MAIL),
        history(*ASSIGNED, step("resolved", verifier="parent"), MAIL),
    ),
    "verified-before-resolution": (
        history(*RESOLVED),
        history(*VERIFIED, step("diagnosed"), step("resolved"), MAIL),
    ),
    "unreachable-after-attempts": (
        history(*ASSIGNED, *ATTEMPTS, step("resolved", verifier="unreachable"), MAIL),
        history(*ASSIGNED, *ATTEMPTS[:2], step("resolved", verifier="unreachable"), MAIL),
    ),
    "a-person-verifies": (history(*VERIFIED), history(*ASSIGNED, step("verified", method="alert_recovery"))),
    "solution-is-told": (history(*RESOLVED), history(*VERIFIED, step("resolved", solution=None), MAIL)),
    "problem-where-the-cause-remains": (
        history(*VERIFIED, step("resolved", 1, **PROBLEM), MAIL, step("problem.opened", 0)),
        history(*VERIFIED, step("resolved", 1, **PROBLEM), MAIL, step("problem.opened", 0, number="PRB-0000002")),
    ),
    "customer-is-mailed": (
        history(*VERIFIED, step("resolved"), step("notification_failed", 0), step("noted", 5)),
        history(*VERIFIED, step("resolved"), step("noted", 5)),
    ),
    "notice-was-queued": (
        history(*NOTIFIED),
        history(*VERIFIED, step("resolved"), step("message.queued", 0, message_id="<2@desk>"), step("notified", 0)),
    ),
    "dispute-reopens": (history(*REOPENED), history(*NOTIFIED, step("disputed"), step("noted"))),
    "reopened-with-a-cause": (
        history(*NOTIFIED, step("reopened", role="intake"), step("alerted", 0)),
        history(*NOTIFIED, step("reopened"), step("noted")),
    ),
    "dispute-in-time": (
        history(*CLOSED, step("disputed", received_at="now - 20"), step("reopened", 0, disputed=True)),
        history(*CLOSED, step("disputed"), step("reopened", 0, disputed=True)),
    ),
    "resolved-before-reopened": (
        history(*REOPENED),
        history(*REOPENED, step("disputed"), step("reopened", 0, disputed=True)),
    ),
    "window-of-72-hours": (history(*NOTIFIED), history(*RESOLVED, step("notified", 0, dispute_until="now + 71"))),
    "timer-after-the-window": (history(*CLOSED), history(*NOTIFIED, step("closed", 71))),
    "timer-waits-for-a-decision": (
        history(
            *(*NOTIFIED, step("dispute_suspected")),
            *(step("dispute_dismissed", dispute_until="now + 71"), step("closed", 72)),
        ),
        history(*RESOLVED, step("dispute_suspected"), step("notified", 0), step("closed", 73)),
    ),
    "reopened-within-72-hours": (
        history(*IMPORTED_RESOLVED, step("reopened", 71), imported=True),
        history(*IMPORTED_RESOLVED, step("reopened", 73), imported=True),
    ),
    "closed-stays-closed": (
        history(*CLOSED, step("reopened", with_first="INC-0000001")),
        history(*CLOSED, step("reopened", reason={"digest": "d"})),
    ),
    "closed-takes-annotations": (history(*CLOSED, step("noted")), history(*CLOSED, step("prioritized"))),
    "duty-manager-after-attempts": (
        history(
            *VERIFIED, step("resolved"), step("notification_failed", 0), *FAILED, step("closed", role="duty_manager")
        ),
        history(*VERIFIED, step("resolved"), step("notification_failed", 0), step("closed", role="duty_manager")),
    ),
    "closed-uninformed": (
        history(*CLOSED),
        history(
            *VERIFIED, step("resolved"), step("notification_failed", 0), *FAILED, step("closed", 1, **BY_DUTY_MANAGER)
        ),
    ),
    "closed-after-resolution": (history(*CLOSED), history(*ASSIGNED, step("closed", role="customer"))),
    "closed-with-the-customer": (
        history(*NOTIFIED, step("closed", role="technician", confirmation={"method": "phone"})),
        history(*NOTIFIED, step("closed", role="technician")),
    ),
    "resolved-rests": (history(*REOPENED, step("diagnosed")), history(*NOTIFIED, step("diagnosed"))),
    "the-desk-decides-on-ownership": (history(*PRIORITIZED), history(*LOGGED, step("triaged", role="intake"))),
    "desk-and-teams-work": (history(*ASSIGNED), history(*DIAGNOSED, step("assigned", role="customer"))),
    "team-and-duty-manager-on-majors": (
        history(*ASSIGNED, step("major_declared")),
        history(*ASSIGNED, step("major_declared", role="technician")),
    ),
    "staff-resolve": (history(*RESOLVED), history(*DIAGNOSED, step("resolved", role="customer", verifier=None), MAIL)),
}


def test_every_rule_has_its_histories() -> None:
    assert list(CASES) == list(RULES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_holds_of_a_history_that_conforms(name: str) -> None:
    verdict = check(CASES[name][0], MODEL)
    assert [deviation for deviation in verdict.deviations if deviation.kind is not Kind.NOT_RECORDED] == []
    assert verdict.activated.get(name, 0) > 0, "the rule has nothing to say of it"


@pytest.mark.parametrize("name", CASES)
def test_a_rule_finds_the_history_that_contradicts_it(name: str) -> None:
    verdict = check(CASES[name][1], MODEL)
    found = [deviation for deviation in verdict.deviations if deviation.kind is not Kind.NOT_RECORDED]
    assert [deviation.rule for deviation in found] == [name]
    assert found[0].clause == RULES[name].clause
    assert verdict.violated[name] == 1
    assert RULES[name].says in found[0].message
