"""What tests of personal data start from: whose they are, where they are put, and what is left of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg

from application.administration.catalogue import OPERATOR
from application.cases.documents import case_document
from application.execution.requests import Request
from application.mail_in.envelope import NO_ENVELOPE
from application.mail_out.letters import Sent
from application.personal_data.erasure import Erased
from application.processes.mail_delivery import REQUEST
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.resolution import Verification
from domain.case.terms import CauseCorrected, ResolutionCode
from domain.catalogue import Customer
from domain.values import Actor, Channel, ErasureScope, Role
from tests import four_eyes
from tests.application.cases import FIXED, NETWORK, assigned, resolved
from tests.application.conftest import ADMIN
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase
from tests.history.record import message_of

AUDITOR = Actor("r.audit", Role.AUDITOR)
JO: dict[str, Any] = {"name": "Jo Field", "email": "jo.field@agency.example"}
SAM: dict[str, Any] = {"name": "Sam Reed", "email": "sam.reed@agency.example"}
CONTACT, EVERYTHING = ErasureScope.CONTACT_AND_WORDS, ErasureScope.EVERYTHING


def erase(
    desk: BlockingDesk, given: str = "jo.field@agency.example", scope: ErasureScope = CONTACT, **how: Any
) -> Erased:
    return four_eyes.erase(desk, given, scope, how.get("request", ADMIN), "they asked for it")


def approved(desk: BlockingDesk, scope: ErasureScope = CONTACT) -> None:
    """An erasure of Jo's words is requested and approved, and not carried out yet."""
    asked = desk.personal_data.request_erasure(JO["email"], scope, "they asked for it", ADMIN)
    four_eyes.approve(desk, asked)


def document(desk: BlockingDesk, number: str) -> dict[str, Any]:
    return case_document(desk.records.case(number, AUDITOR))


def kept(database: TestDatabase, subject: str) -> dict[str, int]:
    """How many disclosures of somebody the vault has, by kind."""
    with database.connect("auditor") as auditor:
        query = "SELECT kind, count(*) FROM vault.disclosures WHERE subject = %s GROUP BY 1"
        return dict(auditor.execute(query, (subject,)).fetchall())


def report(desk: BlockingDesk) -> IncidentReport:
    return IncidentReport(Channel.PHONE, desk.clock.now(), "", service="printing")


def resolve(desk: BlockingDesk, number: str, **changes: Any) -> None:
    desk.resolution.verify(number, Verification(True, True, "phone", desk.clock.now()), NETWORK)
    desk.resolution.resolve(number, replace(FIXED, **changes), "restarted", NETWORK)


def quarantined(desk: BlockingDesk) -> Any:
    gateway = Request(Actor("mail.gateway", Role.INTAKE), "http")
    desk.grants.ensure("mail.gateway", Role.INTAKE, None, None, OPERATOR, anew=False)
    raw = b"From: Jo Field <jo.field@agency.example>\r\nSubject: Plotter\r\n\r\nNo paper.\r\n"
    return desk.mail.receive(b"Received: from a by b\r\n" * 51 + raw, NO_ENVELOPE, gateway).receipt


def everywhere(desk: BlockingDesk) -> None:
    """Jo is a customer of the directory, wrote in, was mailed, and has a problem with a work-around."""
    number = resolved(desk, contact=JO)
    desk.outbox.accepted(message_of(desk, number), Sent("To: jo", "250 OK"), desk.clock.now(), REQUEST)
    around = assigned(desk, contact=JO)
    resolve(desk, around, workaround=True, code=ResolutionCode.WORKAROUND, cause_corrected=CauseCorrected.NO)
    quarantined(desk)
    desk.catalogue.put("customers", Customer(desk.pseudonyms.of(JO)), JO, OPERATOR)


def pointed_to(value: Any) -> list[dict[str, str]]:
    """The disclosures that a state points to."""
    if isinstance(value, dict):
        if value.keys() == {"digest", "subject", "kind"}:
            return [value]
        return [found for each in value.values() for found in pointed_to(each)]
    return [found for each in value for found in pointed_to(each)] if isinstance(value, list) else []


def words_in_view(database: TestDatabase, number: str) -> list[Any]:
    with psycopg.connect(database.superuser) as superuser:
        return superuser.execute(
            "SELECT lexemes FROM views.case_texts JOIN ledger.numbers ON case_id = originator_id WHERE number = %s",
            (number,),
        ).fetchall()
