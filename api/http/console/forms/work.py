"""The forms of the road from triage to the resolution, in its order."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.console.fields import Field, Kind, choice, line, options, text, why, yes_no
from api.http.console.forms.command_form import LEVELS, METHOD, PRIORITIES, CommandForm

WORK: Mapping[str, CommandForm] = {
    "triage": CommandForm(
        "Triage",
        "It is ours",
        (Field("owner", "Owner", Kind.HIDDEN, value="desk"), why()),
        "The case is for this desk. If another agency's help desk provides the service, refer it instead.",
        "Triaged.",
    ),
    "prioritize": CommandForm(
        "Set priority",
        "Set priority",
        (
            Field("impact", "Impact: how many are affected", Kind.RADIO, options=LEVELS, number=True),
            Field("severity", "Severity: how badly", Kind.RADIO, options=LEVELS, number=True),
            choice(
                "override.priority",
                "A priority other than the matrix gives",
                PRIORITIES,
                required=False,
                number=True,
                aside=True,
            ),
            line("override.reason", "Why the matrix does not fit", required=False, aside=True),
            why(),
        ),
        "The matrix of the policy gives the priority, and the priority gives the targets.",
        "Priority set.",
    ),
    "set-service": CommandForm(
        "Set the service",
        "Set the service",
        (
            Field("field", "Field", Kind.HIDDEN, value="service"),
            choice("value", "Service", "services"),
            why(required=True),
        ),
        "The service decides who is responsible. What was logged before stays readable in the history.",
        "Service set.",
        gives="correct",
    ),
    "diagnose": CommandForm(
        "Diagnose",
        "Record diagnosis",
        (
            text("symptoms", "Symptoms", hint="What was observed."),
            text("findings", "Findings", hint="What turned out to be wrong."),
            choice("script", "Script that was followed", "scripts", required=False, aside=True),
            line("outcome", "Where the script led", required=False, aside=True),
            why(),
        ),
        "",
        "Diagnosis recorded.",
    ),
    "assign": CommandForm(
        "Assign to a team",
        "Assign",
        (
            choice("team", "Team", "teams"),
            choice("technician", "Technician who takes it at once", "members", required=False),
            text("diagnosis", "What the desk found, for the team", required=False),
            why(),
        ),
        "",
        "Assigned.",
    ),
    "accept": CommandForm("Accept", "Accept it", (), "You become the technician of this case.", "It is yours."),
    "verify": CommandForm(
        "Verify with the customer",
        "Record their answer",
        (
            choice(
                "outcome", "Were they reached?", options(reached="Reached", unreachable="Not reached"), value="reached"
            ),
            yes_no("satisfactory", "Is the customer satisfied?", number=True),
            yes_no("able_to_work", "Can they work again?", number=True),
            choice(METHOD, "Reached by", "methods"),
            Field("at", "When", Kind.MOMENT, required=False, hint="Now, unless given.", aside=True),
            why(),
        ),
        "A team resolves only after the customer has confirmed, or after enough attempts to reach them.",
        "Recorded.",
    ),
    "resolve": CommandForm(
        "Resolve",
        "Resolve",
        (
            choice(
                "code",
                "How it was resolved",
                options(
                    fixed="Fixed",
                    workaround="Workaround",
                    averted="Averted before it happened",
                    reclassified_request="It is a request, no incident",
                    not_reproducible="Not reproducible",
                ),
            ),
            text("solution", "What was done", hint="In words for the customer: they are mailed."),
            yes_no("workaround", "Does this work around the cause?", number=True, value="false"),
            Field(
                "cause_corrected",
                "Is the cause corrected?",
                Kind.RADIO,
                options=options(yes="Yes", no="No", unknown="Unknown"),
            ),
            choice(
                "problem",
                "Problem Case of the cause",
                "problems",
                required=False,
                hint="If the cause remains: one of these, or a new one is opened.",
            ),
            why(),
        ),
        "",
        "Resolved. The customer is mailed.",
    ),
    "pend": CommandForm(
        "Wait",
        "Set to wait",
        (
            choice(
                "reason_code",
                "Waits for",
                options(customer="The customer", vendor="A vendor", problem="A Problem Case", evidence="Evidence"),
            ),
            text(
                "question",
                "Question to mail to the customer",
                required=False,
                hint="Only when it waits for the customer.",
            ),
            text("note", "What exactly is awaited, for staff", required=False),
            why(),
        ),
        "",
        "It waits.",
    ),
    "resume": CommandForm("Resume work", "Resume", (why(),), "", "Work goes on."),
    "hand-back": CommandForm("Hand back to the desk", "Hand back", (why(required=True),), "", "Handed back."),
}
"""The forms by the names of their commands."""
