"""The areas of the interface: each operation has one of them as its tag."""

from __future__ import annotations

from enum import StrEnum


class Area(StrEnum):
    """A tag, in the order of the document."""

    CASES = "Cases"
    TRIAGE = "Triage and diagnosis"
    RELATED = "Related cases"
    TEAMS = "Service teams"
    MAJOR = "Major incidents"
    RESOLUTION = "Resolution and closure"
    FILES = "Files and messages"
    PROBLEMS = "Problems"
    QUEUES = "Queues and reports"
    SELF_SERVICE = "Self-service"
    INTAKE = "Intake"
    QUARANTINE = "Quarantine"
    CATALOGUE = "Catalogue"
    SOURCES = "Monitoring sources"
    WEBHOOKS = "Webhooks"
    POLICY = "Policy and access"
    PERSONAL_DATA = "Personal data"
    LEDGER = "Ledger"
    OPERATIONS = "Operations"
    DEMONSTRATION = "Demonstration"


_MEANINGS = {
    Area.CASES: "Log incidents, read them, find them, and keep their log right (SOP 5.1-5.2).",
    Area.TRIAGE: "Whose case it is, how urgent it is, and what is wrong (SOP 5.3-5.5).",
    Area.RELATED: "Whether others reported the same (SOP 5.6).",
    Area.TEAMS: "Assign a case to a service team, wait, and go on (SOP 5.7-5.8).",
    Area.MAJOR: "Incidents that affect many (SOP 5.7).",
    Area.RESOLUTION: "Verify, resolve, dispute, reopen and close (SOP 5.8-5.9).",
    Area.FILES: "The files of a case, and its mails as they came.",
    Area.PROBLEMS: "Problem Cases, the causes of incidents, and known errors (SOP 5.8.1).",
    Area.QUEUES: "Who must do what, by when; and figures over a period.",
    Area.SELF_SERVICE: "What customers do without an account, by the links in their mails.",
    Area.INTAKE: "What machines hand in: mails, and alerts of monitoring systems (SOP 5.1).",
    Area.QUARANTINE: "Messages on which a person decides (R-5.1d).",
    Area.CATALOGUE: "Services, teams, help desks, scripts and customers (SOP 4.1, 5.3, 5.5).",
    Area.SOURCES: "Monitoring systems, the mapping of their labels, and their keys.",
    Area.WEBHOOKS: "Who is sent events as they happen, under which secret, and what became of it (docs/webhooks.md).",
    Area.POLICY: "What the organisation decided, and who may act as what (SOP 7.1).",
    Area.PERSONAL_DATA: "Erasures and legal holds: one person requests, another approves.",
    Area.LEDGER: "Every event in order, and the transparency log that signs them.",
    Area.OPERATIONS: "Whether the desk is alive and ready.",
    Area.DEMONSTRATION: "The mail of the demonstration, `caseledger serve --demo`. Elsewhere every answer is 404.",
}
TAGS = [{"name": str(area), "description": _MEANINGS[area]} for area in Area]
