"""One history in which everything happens that can happen to a case, a problem or a mail."""

from __future__ import annotations

from datetime import timedelta

from domain.case import Case
from domain.case.clauses.alerts import FiredAlert
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.history_import import Observation
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.major_incident import Declaration, FanOutRefusal
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.relations import Consulted
from domain.case.clauses.resolution import ContactOutcome
from domain.case.status import Status
from domain.case.target_watch import TargetWatch, findings, target_watch_id
from domain.case.terms import Assumption, CauseCorrected, PendingReason, Resolution
from domain.data_subject import erase_beside
from domain.values import Channel, DisclosureKind, ErasureScope, Level, Role
from tests.infrastructure.histories import (
    AROUND,
    FIXED,
    HIGH,
    MANAGER,
    POLICY,
    SYSTEM,
    TEAM,
    History,
    by,
    moment,
    new_id,
    said,
    verification,
)


def everything(history: History) -> None:
    """A history in which every event of cases, problems and mails occurs, interleaved over several cases."""
    first = _fought_over(history)
    _related(history, first)
    _major(history)
    _referred_and_waived(history)
    _problem_of(history)
    _mails_of(history)
    _written_to_and_alerted(history)
    _imported(history)
    _held_and_erased(history)
    _watched(history)


def _fought_over(history: History) -> Case:
    """Pended, corrected, handed back, resolved, told, suspected, disputed, reopened after closing, closed again."""
    words = {"subject": "Printer 17", "description": "prints only stripes"}
    case = history.prioritized(0, words=words, external_ref="alert-1")
    case.search_known_errors(said(query="stripes"), ("KE-1",), None, False, by(2))
    case.diagnose(said(), by(2))
    case.pend(PendingReason.CUSTOMER, by(3), question=said())
    case.question_failed("bounced", "<question@desk>", case.version, POLICY, by(3))
    history.put(case)
    case.correct(
        "symptoms", by(4), value=None, words=said(DisclosureKind.CUSTOMER_WORDS, symptoms="toner"), reason=None
    )
    case.correct("service", by(4), value="copying", words=None, reason=None)
    case.answered(case.version, POLICY, by(60))
    case.assign("network", by(61))
    case.accept(by(62, TEAM))
    case.hand_back(said(), by(63, TEAM))
    case.assign("network", by(64))
    history.put(case)
    case.verify(verification(65, good=False), by(65, TEAM))
    case.verify(verification(66, outcome=ContactOutcome.UNREACHABLE), by(66, TEAM))
    case.verify(verification(67), by(67, TEAM))
    case.resolve(FIXED, said(), POLICY, by(68, TEAM))
    history.put(case)
    history.tell(case, 70)
    case.suspect_dispute(moment(80), said(DisclosureKind.CUSTOMER_WORDS), POLICY, by(80))
    history.put(case)
    case.dismiss_dispute(said(), by(200))
    case.note(said(), by(201))
    case.suspect_dispute(moment(202), said(DisclosureKind.CUSTOMER_WORDS), POLICY, by(202))
    history.put(case)
    case.uphold_dispute(POLICY, by(210))
    case.verify(verification(220), by(220, TEAM))
    case.resolve(FIXED, said(), POLICY, by(221, TEAM))
    history.put(case)
    history.tell(case, 222)
    case.close(POLICY, by(223), confirmation=Confirmation("phone", moment(223)))
    history.put(case)
    case.dispute(moment(230), POLICY, by(230))
    history.put(case)
    return case


def _related(history: History, first: Case) -> None:
    """Consulted on, found unrelated, related, undone, resolved as a duplicate and gone on."""
    case, other = history.prioritized(300), history.assigned(301)
    case.consult(first, POLICY, by(303))
    case.consult(other, POLICY, by(303))
    history.put(case)
    case.answer_consultation(other.number, said(), by(304, TEAM))
    case.find_unrelated(other, None, by(305))
    case.relate(first, Consulted("t.lee", moment(305), said()), by(306))
    first.mirror(case.number, case.links[first.number], by(306))
    history.put(case, first)
    case.unrelate(first.number, POLICY, by(307))
    first.unmirror(case.number, POLICY, by(307))
    history.put(case, first)
    duplicate = history.prioritized(310)
    duplicate.duplicate(other, None, POLICY, by(312))
    other.mirror(duplicate.number, duplicate.links[other.number], by(312))
    history.put(duplicate, other)
    duplicate.unrelate(other.number, POLICY, by(313))
    other.unmirror(duplicate.number, POLICY, by(313))
    history.put(duplicate, other)
    duplicate.duplicate(other, None, POLICY, by(314))
    history.put(duplicate)
    other.mirror(duplicate.number, duplicate.links[other.number], by(314))
    other.verify(verification(315), by(315, TEAM))
    other.resolve(FIXED, said(), POLICY, by(315, TEAM))
    other.close(POLICY, by(316), confirmation=Confirmation("phone", moment(316)))
    duplicate.follow(other, POLICY, by(316))
    history.put(other, duplicate)
    for again in (317, 320):
        other.dispute(moment(again), POLICY, by(again))
        duplicate.follow(other, POLICY, by(again))
        history.put(other, duplicate)
        other.verify(verification(again + 1), by(again + 1, TEAM))
        other.resolve(FIXED, said(), POLICY, by(again + 1, TEAM))
        duplicate.follow(other, POLICY, by(again + 1))
        history.put(other, duplicate)


def _major(history: History) -> None:
    """Nominated by its priority, rejected, nominated, declared, spoken of, resolved, followed."""
    case, part = history.assigned(400), history.prioritized(401)
    case.prioritize(HIGH, POLICY, by(403))
    history.put(case)
    case.reject(said(), by(404, TEAM))
    case.nominate(POLICY, by(405))
    history.put(case)
    case.declare(Declaration("t.lee", timedelta(minutes=30), said()), POLICY, by(406, TEAM))
    case.discharge("communicate", "mail", moment(420), by(420, TEAM))
    history.put(case)
    case.discharge("communicate", "mail", moment(450), by(450, TEAM))
    case.discharge("inform_management", "phone", moment(451), by(451, TEAM))
    case.relate(part, None, by(452))
    part.mirror(case.number, case.links[part.number], by(452))
    history.put(case, part)
    case.verify(verification(460), by(460, TEAM))
    case.resolve(FIXED, said(), POLICY, by(461, TEAM))
    part.resolve_with(case.number, FIXED, said(), POLICY, by(462, TEAM))
    kept_back = (FanOutRefusal("INC-0000999", "diagnosis-required", "Symptoms or a diagnosis must be recorded"),)
    case.fanned_out((part.number,), by(462, TEAM), refused=kept_back)
    history.put(case, part)
    case.not_notified("bounced", POLICY, by(463, SYSTEM))
    case.not_notified("bounced", POLICY, by(464, SYSTEM))
    history.put(case)
    case.not_notified("bounced", POLICY, by(465, SYSTEM))
    case.tell_by_other_means(ContactAttempt("phone", moment(470), False), POLICY, by(470))
    history.put(case)
    case.close(POLICY, by(480, MANAGER), reason=said())
    history.put(case)


def _referred_and_waived(history: History) -> None:
    """Referred without being reached, reached, disputed; and a case that lacks what it must not."""
    case = history.logged(500, missing=("contact",), required=("contact",))
    case.waive(said(), by(501))
    history.put(case)
    referred = history.logged(510)
    referred.refer(("dhs", 1, said()), ContactAttempt("phone", moment(511), False), POLICY, by(511))
    history.put(referred)
    referred.tell_by_other_means(ContactAttempt("phone", moment(520), True), POLICY, by(520))
    history.put(referred)
    referred.dispute(moment(530), POLICY, by(530))
    history.put(referred)


def _problem_of(history: History) -> None:
    problem = history.published("Stripes", "stripes on paper", "clean the drum")
    history.resolved(600, Resolution(AROUND.code, True, CauseCorrected.NO, problem.number))
    problem.link("INC-0000001", by(604))
    problem.investigate(said(), by(605))
    problem.prioritize(2, by(606))
    history.put(problem)
    problem.publish_known_error("KE-9", said(title="Stripes again", symptoms="s", workaround="w"), by(607))
    problem.find_root_cause(said(), by(608))
    problem.resolve(said(), by(609))
    history.put(problem)
    problem.reopen(said(), by(610))
    problem.resolve(said(), by(611))
    problem.close(by(612))
    history.put(problem)


def _mails_of(history: History) -> None:
    case = history.resolved(700)
    deferred, bounced, withdrawn = (history.mail(case, 704 + n) for n in range(3))
    deferred.defer("smtp-451", moment(720), by(710, SYSTEM))
    deferred.defer("smtp-451", moment(740), by(720, SYSTEM))
    bounced.bounce("smtp-550", by(721, SYSTEM))
    withdrawn.withdraw(by(722, SYSTEM))
    history.put(deferred, bounced, withdrawn)


def _written_to_and_alerted(history: History) -> None:
    """Messages, files and alerts, before it is resolved and after: an alert reopens it, and its recovery does nothing."""
    case = history.resolved(750, channel=Channel.MONITORING)
    file = said(DisclosureKind.CUSTOMER_WORDS, name="log.txt", type="text/plain", size="3", sha256="0" * 64)
    case.attach((file,), POLICY, by(760), visible_to_customer=True)
    case.receive_message("receipt", "jo", moment(761), said(DisclosureKind.CUSTOMER_WORDS), None, by(761, Role.INTAKE))
    history.put(case)
    monitoring = by(762, Role.INTAKE)
    case.alert(
        "prometheus",
        (FiredAlert("f00d", moment(762)),),
        "receipt",
        Assumption(Level.HIGH),
        POLICY,
        monitoring,
        truncated=1,
    )
    history.put(case)
    case.observe_recovery("prometheus", moment(763), "receipt", by(763, Role.INTAKE))
    history.put(case)


def _held_and_erased(history: History) -> None:
    """Held, released and held again; and what was erased, as far as the record says it."""
    held, erased = history.logged(800, words={"subject": "Scanner"}), history.resolved(810)
    held.place_hold("r.audit", said(), by(801))
    history.put(held)
    held.release_hold("r.audit", said(), by(802))
    held.place_hold("r.audit", said(), by(803))
    history.put(held)
    problem, mail = history.published("Dust", "dust on paper", "clean the glass"), history.mail(erased, 814)
    erased.erase("jo", ErasureScope.EVERYTHING, by(820))
    for beside in (problem, mail):
        erase_beside(beside, "jo", ErasureScope.EVERYTHING, by(820))
    history.put(erased, problem, mail)


def _watched(history: History) -> None:
    """Warned of and breached; breached before it was answered, reassessed and breached anew; met in time and closed."""
    late, moved, met = (history.prioritized(900 + each) for each in range(3))
    watches = [_found(history, case, None, minutes) for case, minutes in ((late, 1535), (moved, 1565))]
    moved.note(said(), by(1566), visible_to_customer=True)
    moved.prioritize(HIGH, POLICY, by(1567))
    met.note(said(), by(910), visible_to_customer=True)
    met.diagnose(said(), by(911))
    met.resolve(FIXED, said(), POLICY, by(912))
    met.close(POLICY, by(913), confirmation=Confirmation("phone", moment(913)))
    history.put(moved, met)
    for case, watch in zip((late, moved), watches, strict=True):
        _found(history, case, watch, 3000)
    late.pend(PendingReason.CUSTOMER, by(3001))
    history.put(late)


def _found(history: History, case: Case, watch: TargetWatch | None, minutes: float) -> TargetWatch | None:
    """What the timer records of a case's targets at a moment."""
    for finding in list(findings(watch, case, POLICY, moment(minutes))):
        watch = TargetWatch.found(watch, case, target_watch_id(case.id), finding, POLICY, by(minutes, SYSTEM))
        if finding.breached:
            watch.escalate(case, finding.target, ["d.manager"], POLICY, by(minutes, SYSTEM))
    assert watch is not None
    history.put(watch)
    return watch


def _imported(history: History) -> None:

    report = IncidentReport(Channel.OTHER, moment(-90), "caller")
    case = Case.log_imported(new_id(), history.number("INC"), report, by(-90))
    for minutes, status in ((-80, Status.IN_DIAGNOSIS), (-70, Status.RESOLVED), (-60, Status.CLOSED)):
        seen = Observation(status, None, Level.LOW, Level.LOW, 4, "network", "t.lee")
        case.observe(seen, POLICY, moment(minutes), iter([by(minutes)] * 9))
    words = said(DisclosureKind.CUSTOMER_WORDS, reason="Note: thanks")
    case.observe(Observation(Status.CLOSED, words=words), POLICY, moment(-50), iter([by(-50)] * 9))
    case.observe(Observation(None, priority=2, undated=True), POLICY, moment(-40), iter([by(-40)] * 9))
    history.put(case)
