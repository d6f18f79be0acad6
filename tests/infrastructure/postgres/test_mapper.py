"""An event's stored form: plain JSON, validated on reading, the same bytes for ever."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError

from domain.access import EVENTS as ACCESS
from domain.approval import EVENTS as APPROVAL
from domain.case import EVENTS as CASE
from domain.case import Case
from domain.case.clauses.logging import IncidentReport, Logged
from domain.case.target_watch import EVENTS as TARGET
from domain.catalogue import EVENTS as CATALOGUE
from domain.data_subject import EVENTS as PRIVACY
from domain.monitoring.alert import EVENTS as ALERT
from domain.monitoring.source import EVENTS as SOURCE
from domain.outgoing_mail import EVENTS as MESSAGE
from domain.policy import first_policy
from domain.policy_book import EVENTS as POLICY
from domain.problem import EVENTS as PROBLEM
from domain.readers.report_issue import EVENTS as REPORTS
from domain.readers.saved_filters import EVENTS as FILTERS
from domain.readers.webhook import EVENTS as WEBHOOKS
from domain.receipt import EVENTS as INTAKE
from domain.transparency_log import EVENTS as LOG
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role, Via
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerEvent

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
PROVENANCE = Provenance(Actor("a.ortiz", Role.TECHNICIAN), Via("http"), NOW, random=bytes)
mapper = StateMapper()


def logged() -> LedgerEvent:
    words = Disclosure.of("jo", DisclosureKind.CUSTOMER_WORDS, {"subject": "Printer"}, bytes)
    report = IncidentReport(Channel.PHONE, NOW, "jo", service="printing", words=words)
    case = Case.log(UUID(int=7), "INC-0000007", report, first_policy(), PROVENANCE)
    return mapper.to_stored_event(case.pending_events[0])


def test_the_state_is_plain_readable_json() -> None:
    """Byte for byte: what a release wrote, every later one must read. A change here is a new format."""
    digest = sha256(bytes(16) + b'{"subject":"Printer"}').hexdigest().encode()
    assert logged().state == (
        b'{"by":{"subject":"a.ortiz","role":"technician"},"via":{"interface":"http"},'
        b'"nonce":"AAAAAAAAAAAAAAAAAAAAAA","number":"INC-0000007","channel":"phone",'
        b'"received_at":"2026-11-23T14:00:00Z","customer":"jo","service":"printing",'
        b'"words":{"digest":"' + digest + b'","subject":"jo","kind":"customer_words"}}'
    )


def test_what_says_who_acted_has_its_team_and_channel_where_there_are_any() -> None:
    event = mapper.to_domain_event(LedgerEvent(**{**vars(logged()), "recorded_at": NOW}))
    vars(event).update(by=Actor("t.lee", Role.TEAM_MEMBER, "network"), via=Via("http", Channel.PHONE))
    state = json.loads(mapper.to_stored_event(event).state)
    assert state["by"] == {"subject": "t.lee", "role": "team_member", "team": "network"}
    assert state["via"] == {"interface": "http", "channel": "phone"}


def test_the_longer_form_of_earlier_releases_reads_the_same() -> None:
    stored = logged()
    longer = stored.state.replace(b'"technician"}', b'"technician","team":null}').replace(
        b'"http"}', b'"http","channel":null}'
    )
    earlier = mapper.to_domain_event(LedgerEvent(**{**vars(stored), "state": longer, "recorded_at": NOW}))
    assert longer != stored.state
    assert vars(earlier) == vars(mapper.to_domain_event(LedgerEvent(**{**vars(stored), "recorded_at": NOW})))


def test_who_acted_is_whole_also_where_the_state_leaves_something_out() -> None:
    """An answer that shows `by` has its team, if only to say that there is none."""
    read = mapper.to_domain_event(LedgerEvent(**{**vars(logged()), "recorded_at": NOW}))
    assert msgspec.to_builtins(read.by) == {"subject": "a.ortiz", "role": "technician", "team": None}
    assert msgspec.to_builtins(read.via).keys() == {"interface", "channel"}


def test_what_is_read_is_what_was_written() -> None:
    stored = logged()
    event = mapper.to_domain_event(LedgerEvent(**{**vars(stored), "recorded_at": NOW}))
    assert mapper.to_stored_event(event) == stored
    assert event.timestamp == NOW
    assert isinstance(event, Logged)
    assert event.words is not None
    assert event.words.texts == {"subject": "Printer"}


def test_a_disclosure_that_is_gone_reads_as_erased() -> None:
    stored = logged()
    event = mapper.to_domain_event(LedgerEvent(**{**vars(stored), "disclosures": (), "recorded_at": NOW}))
    assert isinstance(event, Logged)
    assert event.words is not None
    assert event.words.texts is None


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"no json",
        b"[]",
        b'{"by":{"subject":"x","role":"technician"}}',
        json.dumps({**json.loads(logged().state), "channel": "smoke signals"}).encode(),
        json.dumps({**json.loads(logged().state), "received_at": "yesterday"}).encode(),
        json.dumps({**json.loads(logged().state), "unheard_of": 1}).encode(),
    ],
)
def test_a_state_that_its_class_cannot_read_fails_loudly(state: bytes) -> None:
    with pytest.raises(MapperDeserialisationError, match=r"case\.logged version 1"):
        mapper.to_domain_event(LedgerEvent(UUID(int=7), 1, "case.logged", state))


def test_an_unknown_topic_fails_loudly() -> None:
    with pytest.raises(MapperDeserialisationError, match=r"case\.unheard_of"):
        mapper.to_domain_event(LedgerEvent(UUID(int=7), 1, "case.unheard_of", b"{}"))


def test_topics_are_a_storage_format_and_these_are_they() -> None:
    """A name here is never changed and never goes; a new one is added with the release that writes it."""
    assert sorted(
        {
            **CASE,
            **PROBLEM,
            **MESSAGE,
            **INTAKE,
            **CATALOGUE,
            **POLICY,
            **ACCESS,
            **PRIVACY,
            **LOG,
            **ALERT,
            **SOURCE,
            **APPROVAL,
            **FILTERS,
            **REPORTS,
            **WEBHOOKS,
            **TARGET,
        }
    ) == [
        *("access.granted", "access.opened", "access.revoked"),
        *("alert.observed", "alert.raised"),
        *(
            "approval.given",
            "approval.opened",
            "approval.personal_data_erased",
            "approval.refused",
            "approval.requested",
        ),
        *("approval.used", "approval.withdrawn"),
        *(
            "case.accepted",
            "case.alerted",
            "case.assigned",
            "case.attached",
            "case.closed",
            "case.consultation_answered",
            "case.consultation_requested",
        ),
        *("case.corrected", "case.diagnosed", "case.discharged", "case.dispute_dismissed", "case.dispute_suspected"),
        *("case.disputed", "case.fanned_out", "case.found_unrelated", "case.handed_back", "case.hold_placed"),
        *("case.hold_released", "case.imported"),
        *("case.information_waived", "case.informed", "case.known_errors_searched", "case.linked", "case.logged"),
        *("case.major_declared", "case.major_nominated", "case.major_rejected", "case.message_received", "case.noted"),
        *("case.notification_failed", "case.notified", "case.pended", "case.personal_data_erased"),
        *(
            "case.prioritized",
            "case.priority_imported",
            "case.question_failed",
            "case.recovery_observed",
            "case.referred",
        ),
        *("case.reopened", "case.resolved", "case.resumed", "case.triaged", "case.unlinked", "case.verified"),
        *(
            "customer.changed",
            "customer.personal_data_erased",
            "customer.registered",
            "filters.opened",
            "filters.removed",
            "filters.saved",
            "help_desk.changed",
            "help_desk.listed",
        ),
        *("intake.discarded", "intake.joined", "intake.logged", "intake.personal_data_erased", "intake.quarantined"),
        *("intake.received", "intake.recorded", "intake.released", "intake.returned", "intake.signalled"),
        *("log.attested", "log.key_introduced", "log.key_retired", "log.opened", "log.restarted"),
        *("message.accepted", "message.bounced", "message.deferred", "message.personal_data_erased"),
        *("message.queued", "message.withdrawn"),
        *("policy.adopted", "policy.changed"),
        *("problem.closed", "problem.incident_linked", "problem.investigated", "problem.known_error_published"),
        *(
            "problem.opened",
            "problem.personal_data_erased",
            "problem.prioritized",
            "problem.reopened",
            "problem.resolved",
            "problem.root_cause_found",
        ),
        "report.issued",
        *("script.published", "script.revised", "service.changed", "service.defined"),
        *("source.changed", "source.key_issued", "source.key_revoked", "source.registered", "subject.opened"),
        *("subject.personal_data_erased", "target.breached", "target.escalated", "target.warned"),
        *("team.changed", "team.formed", "watch.observed"),
        *("webhook.changed", "webhook.disabled", "webhook.enabled", "webhook.pinged", "webhook.replay_ordered"),
        *("webhook.secret_issued", "webhook.secret_revoked", "webhook.subscribed"),
    ]
