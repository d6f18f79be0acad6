"""The forms of Problem Cases, of a telephone call, and of a report without an account."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.console.fields import Field, Kind, choice, line, options, text, why
from api.http.console.forms.command_form import CHANNELS, PRIORITIES, CommandForm

PROBLEM_FORMS: Mapping[str, CommandForm] = {
    "investigate": CommandForm("Record findings", "Record", (text("findings", "What was found"),)),
    "root-cause": CommandForm("Record the root cause", "Record", (text("cause", "Root cause"),)),
    "known-error": CommandForm(
        "Publish as a known error",
        "Publish",
        (
            line("title", "Title"),
            text("symptoms", "How to recognise it"),
            text("workaround", "What to do about it meanwhile"),
        ),
    ),
    "prioritize": CommandForm(
        "Set priority", "Set priority", (choice("priority", "Priority", PRIORITIES, number=True), why())
    ),
    "resolve": CommandForm("Resolve", "Resolve", (text("solution", "How the cause was corrected"),)),
    "reopen": CommandForm("Reopen", "Reopen", (why(required=True),)),
    "close": CommandForm("Close", "Close", (why(),)),
}
"""The forms of commands on a Problem Case."""

OPEN_PROBLEM = CommandForm(
    "Open a Problem Case",
    "Open",
    (
        line("title", "Title"),
        text("description", "What is known so far"),
        choice("service", "Service", "services", required=False),
        choice("priority", "Priority", PRIORITIES, required=False, number=True),
    ),
)
TELEPHONE = CommandForm(
    "Log a call",
    "Log the case",
    (
        line("customer.name", "Name"),
        Field("customer.phone", "Telephone", required=False),
        Field("customer.email", "E-mail", required=False),
        line("customer.agency", "Agency", required=False),
        line("subject", "What is it about?"),
        text("description", "What happens?", hint="In the customer's own words."),
        choice("service", "Service", "services", required=False),
        Field(
            "nature",
            "Is it interrupted now?",
            Kind.RADIO,
            options=options(actual="Yes, now", impending="No, it will be"),
            value="actual",
        ),
        text("symptoms", "Symptoms", required=False),
        line("location", "Where", required=False),
        line("asset", "Device", required=False, hint="Its inventory number."),
        line("callback", "How and when to call back", required=False),
        Field("channel", "How it came", Kind.CHOICE, options=CHANNELS, value="phone"),
        Field("received_at", "When it came", Kind.MOMENT, required=False, hint="Now, unless given."),
        line("external_ref", "Number in another system", required=False),
        text(
            "reason", "Why it is entered late", required=False, hint="Needed for contacts of more than some hours ago."
        ),
    ),
)
"""The page of a telephone call: the body of `log` and of `follow-up`."""

REPORT = CommandForm(
    "Report an incident",
    "Send the report",
    (
        line("name", "Your name"),
        line("email", "Your e-mail address", hint="The link to follow your report goes there."),
        line("phone", "Your telephone number", required=False),
        line("subject", "What is it about?"),
        text("description", "What happens?"),
        choice("service", "Which service?", "services", required=False),
        line("location", "Where?", required=False),
    ),
)
"""What a customer without an account reports: the body of `POST /self-service/reports`."""
