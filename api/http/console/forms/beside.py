"""The forms beside the road: other cases, major incidents, disputes, closure, corrections and notes."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.console.fields import Field, Kind, choice, line, options, text, why
from api.http.console.forms.command_form import CASE, CHANNELS, CORRECTABLE, METHOD, REACHED, CommandForm

BESIDE: Mapping[str, CommandForm] = {
    "relate": CommandForm(
        "Decide on a similar case",
        "Decide",
        (
            line("case", "The other case", hint=f"Its number, such as {CASE}."),
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
            choice(METHOD, "Done by", "methods"),
            choice("outcome", "Outcome", REACHED, value="informed"),
            text("note", "What was said", required=False),
        ),
    ),
    "refer": CommandForm(
        "Refer to another help desk",
        "Refer",
        (
            choice("help_desk", "Help desk", "help_desks"),
            choice("contact.method", "The customer was told by", "methods"),
            choice("contact.outcome", "Outcome", REACHED, value="informed"),
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
            choice("channel", "How it reached the desk", CHANNELS, required=False, of_staff=True),
        ),
        "",
        "Disputed: the case is open again.",
        to_customers=(
            "It does not work: dispute the resolution",
            "The case is opened again, and the team is told what you write.",
        ),
    ),
    "suspect-dispute": CommandForm(
        "This may be a dispute",
        "Hold the closure",
        (text("text", "The message"), choice("channel", "How it reached the desk", CHANNELS, required=False)),
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
            Field("confirmation.at", "When", Kind.MOMENT, required=False, of_staff=True, hint="Now, unless given."),
            why(),
        ),
        "Without a confirmation it closes by itself at the end of the dispute window.",
        "Closed.",
        to_customers=(
            "It works: close the case",
            "If you do nothing, it closes by itself at the end of the time to dispute.",
        ),
    ),
    "correct": CommandForm(
        "Correct what was logged",
        "Correct",
        (
            choice("field", "Field", CORRECTABLE),
            text("value", "Correct value", hint="Of the nature: actual, or impending."),
            why(required=True),
        ),
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
"""The forms by the names of their commands."""
