"""A form for each command of the table: its words, and its fields in the order in which people think of them.

What a command needs stands in its body (`api/http/bodies`), which checks what a form sends as it checks any other caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.http.console.fields import Field, Kind, choice, line, options, text, why, yes_no


@dataclass(frozen=True)
class CommandForm:
    """How a command is given on a page."""

    title: str
    button: str
    fields: tuple[Field, ...] = ()
    explained: str = ""
    done: str = "Done."


_CASE = "INC-0000000"
_METHOD = "method"
_LEVELS = options(**{"1": "1 · High", "2": "2 · Medium", "3": "3 · Low"})
_PRIORITIES = options(**{"1": "P1", "2": "P2", "3": "P3", "4": "P4"})
_REACHED = options(informed="Reached", failed="Not reached")
_CHANNELS = options(phone="Telephone", email="E-mail", walk_in="In person", self_service="Self service")
_CORRECTABLE = options(
    service="Service",
    agency="Agency",
    external_ref="Number in another system",
    nature="Nature (actual or impending)",
    subject="Subject",
    location="Location",
    asset="Asset",
    callback="Callback",
    name="Customer's name",
    description="Description",
    symptoms="Symptoms",
    email="Customer's e-mail",
    phone="Customer's telephone",
)

CASE_FORMS: Mapping[str, CommandForm] = {
    "triage": CommandForm(
        "Triage",
        "It is ours",
        (Field("owner", "Owner", Kind.HIDDEN, value="desk"), why()),
        "The case is for this desk. If another agency's help desk provides the service, refer it instead.",
        "Triaged. Next: set the priority.",
    ),
    "prioritize": CommandForm(
        "Set priority",
        "Set priority",
        (
            Field("impact", "Impact: how many are affected", Kind.RADIO, options=_LEVELS, number=True),
            Field("severity", "Severity: how badly", Kind.RADIO, options=_LEVELS, number=True),
            choice(
                "override.priority", "Another priority than the matrix gives", _PRIORITIES, required=False, number=True
            ),
            line("override.reason", "Why the matrix does not fit", required=False),
            why(),
        ),
        "The matrix of the policy gives the priority, and the priority gives the targets.",
        "Priority set.",
    ),
    "diagnose": CommandForm(
        "Diagnose",
        "Record diagnosis",
        (
            text("symptoms", "Symptoms", hint="What was observed."),
            text("findings", "Findings", hint="What turned out to be wrong."),
            choice("script", "Script that was followed", "scripts", required=False),
            line("outcome", "Where the script led", required=False),
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
            choice(_METHOD, "Reached by", "methods"),
            Field("at", "When", Kind.MOMENT, required=False, hint="Now, unless given."),
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
    "relate": CommandForm(
        "Decide on a similar case",
        "Decide",
        (
            line("case", "The other case", hint=f"Its number, such as {_CASE}."),
            choice(
                "kind",
                "What this case is to it",
                options(unrelated="Unrelated", related="Related", duplicate="Duplicate of it (same customer)"),
            ),
            why(),
        ),
        "",
        "Decided.",
    ),
    "unrelate": CommandForm(
        "Remove a link", "Remove the link", (choice("case", "The other case", "links"), why(required=True))
    ),
    "consult": CommandForm(
        "Ask about another case",
        "Ask",
        (line("case", "The other case", hint="Whoever works on it owes an answer."),),
    ),
    "answer-consultation": CommandForm(
        "Answer a consultation",
        "Answer",
        (line("case", "The case that was asked about"), text("answer", "Are both about the same, and why?")),
    ),
    "known-errors": CommandForm(
        "Record a search of known errors",
        "Record",
        (
            line("query", "Searched for"),
            Field("shown", "Known errors found", Kind.CODES, required=False, hint="Their numbers, such as KE-0000001."),
            line("chosen", "The one that fits", required=False),
            Field("applied", "Its workaround was applied", Kind.CHECK),
        ),
    ),
    "nominate-major": CommandForm(
        "Nominate as a major incident", "Nominate", (why("Why is it major?", required=True),), "", "Nominated."
    ),
    "declare-major": CommandForm(
        "Declare a major incident",
        "Declare",
        (
            line("owner", "Who leads it", hint="Their id, such as t.lee."),
            Field("communication_every_minutes", "Minutes between messages to those affected", Kind.NUMBER, value="30"),
            line("management_contact", "Whom in the management to inform"),
            Field(
                "cases", "Cases that belong to it", Kind.CODES, required=False, hint="Their numbers, blanks between."
            ),
            why(),
        ),
        "",
        "Declared. Messages and a review are owed from now on.",
    ),
    "reject-major": CommandForm("Reject the nomination", "Reject", (why(required=True),)),
    "fan-out": CommandForm(
        "Resolve linked cases as this one",
        "Resolve them",
        (Field("cases", "Cases", Kind.CODES, required=False, hint="All linked and open ones, unless given."), why()),
    ),
    "discharge": CommandForm(
        "Record that something owed was done",
        "Record",
        (
            choice("obligation", "What was owed", "obligations"),
            choice(_METHOD, "Done by", "methods"),
            choice("outcome", "Outcome", _REACHED, value="informed"),
            text("note", "What was said", required=False),
        ),
    ),
    "refer": CommandForm(
        "Refer to another help desk",
        "Refer",
        (
            choice("help_desk", "Help desk", "help_desks"),
            choice("contact.method", "The customer was told by", "methods"),
            choice("contact.outcome", "Outcome", _REACHED, value="informed"),
            why(),
        ),
        "The case is resolved here as referred, and the customer is told whom to turn to.",
        "Referred.",
    ),
    "dispute": CommandForm(
        "Dispute the resolution",
        "Dispute",
        (
            text("reason", "What is not right?", hint="In the customer's words."),
            choice("channel", "How it reached the desk", _CHANNELS, required=False, of_staff=True),
        ),
        "",
        "Disputed: the case is open again.",
    ),
    "suspect-dispute": CommandForm(
        "This may be a dispute",
        "Hold the closure",
        (text("text", "The message"), choice("channel", "How it reached the desk", _CHANNELS, required=False)),
    ),
    "uphold-dispute": CommandForm("It is a dispute: reopen", "Reopen", (why(),)),
    "dismiss-dispute": CommandForm("It is no dispute", "Dismiss", (why(required=True),)),
    "reopen": CommandForm("Reopen", "Reopen", (why(required=True),), "", "Reopened."),
    "close": CommandForm(
        "Close",
        "Close the case",
        (
            choice("confirmation.method", "The customer confirmed by", "methods", required=False, of_staff=True),
            line("confirmation.by", "Who confirmed", required=False, of_staff=True),
            Field("confirmation.at", "When", Kind.MOMENT, required=False, of_staff=True),
            why(),
        ),
        "Without a confirmation it closes by itself at the end of the dispute window.",
        "Closed.",
    ),
    "correct": CommandForm(
        "Correct what was logged",
        "Correct",
        (choice("field", "Field", _CORRECTABLE), text("value", "Correct value"), why(required=True)),
        "The original stays readable in the history.",
        "Corrected.",
    ),
    "waive": CommandForm("Waive missing information", "Waive", (why(required=True),)),
    "notes": CommandForm(
        "Note",
        "Add note",
        (
            text("text", "Note"),
            Field("visible_to_customer", "The customer reads it", Kind.CHECK, of_staff=True),
        ),
        "",
        "Note added.",
    ),
}
"""The forms of commands on a case, the usual ones first."""

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
        "Set priority", "Set priority", (choice("priority", "Priority", _PRIORITIES, number=True), why())
    ),
    "resolve": CommandForm("Resolve", "Resolve", (text("solution", "How the cause was corrected"),)),
    "reopen": CommandForm("Reopen", "Reopen", (why(required=True),)),
    "close": CommandForm("Close", "Close", (why(),)),
}
"""The forms of commands on a Problem Case."""

BULK: Mapping[str, CommandForm] = {
    "assign": CommandForm("Assign many", "Assign", (choice("team", "Team", "teams"),), "", "Assigned."),
    "prioritize": CommandForm(
        "Set the priority of many", "Set priority", CASE_FORMS["prioritize"].fields[:2], "", "Priority set."
    ),
}
"""Commands on many cases at once."""

OPEN_PROBLEM = CommandForm(
    "Open a Problem Case",
    "Open",
    (
        line("title", "Title"),
        text("description", "What is known so far"),
        choice("service", "Service", "services", required=False),
        choice("priority", "Priority", _PRIORITIES, required=False, number=True),
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
        Field("channel", "How it came", Kind.CHOICE, options=_CHANNELS, value="phone"),
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
