"""What a mail says and what it repeats, what an answer to a resolution wants, and what a report tells of a mail."""

from __future__ import annotations

import pytest

from application.mail_in.envelope import NO_ENVELOPE
from application.mail_in.parsing import Mail, read_mail
from application.mail_in.parsing.bounces import Fate
from application.mail_in.parsing.intent import Intent, intent_of
from application.mail_in.parsing.quoting import told_apart
from application.mail_out.addresses import Addresses
from domain.fate import ReceiptCause

OURS = Addresses(bytes(32), "service-desk@caseledger.example")


def read(text: str, *headers: str) -> Mail:
    raw = "\r\n".join((*headers, "Content-Type: text/plain; charset=utf-8", "", text)).encode()
    return read_mail(raw, NO_ENVELOPE, OURS)


# quoting

TOLD_APART = {
    "Yes.\n\nOn Mon, Jo wrote:\n> Is it?\n> Jo": ("Yes.", "On Mon, Jo wrote:\n> Is it?\n> Jo"),
    "On Mon, 5 Oct 2026 at 08:00, Service desk\n<desk@x.example> wrote:\n> One?\nYes.\n> Two?\nNo.": (
        "Yes.\nNo.",
        "On Mon, 5 Oct 2026 at 08:00, Service desk\n<desk@x.example> wrote:\n> One?\n> Two?",
    ),
    "Ja.\n\nAm 05.10.2026 schrieb Desk:\n> Geht es?": ("Ja.", "Am 05.10.2026 schrieb Desk:\n> Geht es?"),
    "Oui.\nLe lun. 5 oct. 2026, Desk a écrit :\n> Alors ?": ("Oui.", "Le lun. 5 oct. 2026, Desk a écrit :\n> Alors ?"),
    "Top.\n-----Original Message-----\nFrom: Desk\nno marks": (
        "Top.",
        "-----Original Message-----\nFrom: Desk\nno marks",
    ),
    "Top.\n________________________________\nFrom: Desk <d@x.example>\nSent: Monday\nTo: Jo\nSubject: x\n\nno marks": (
        "Top.",
        "________________________________\nFrom: Desk <d@x.example>\nSent: Monday\nTo: Jo\nSubject: x\n\nno marks",
    ),
    "Top.\n\n*From:* Desk\n*Sent:* Monday\n*To:* Jo\n\nno marks": (
        "Top.",
        "*From:* Desk\n*Sent:* Monday\n*To:* Jo\n\nno marks",
    ),
    "> quoted\nplain\n>> more": ("plain", "> quoted\n>> more"),
    "FYI\n\nBegin forwarded message:\n\n> From: Al\n> help!": (
        "FYI\n\nBegin forwarded message:\n\n> From: Al\n> help!",
        "",
    ),
    "FYI\n---------- Forwarded message ---------\nFrom: Al\nDate: x\nTo: Jo\n\nhelp!": (
        "FYI\n---------- Forwarded message ---------\nFrom: Al\nDate: x\nTo: Jo\n\nhelp!",
        "",
    ),
    "On Monday the printer broke.\nIt wrote: nothing": ("On Monday the printer broke.\nIt wrote: nothing", ""),
    "From: my desk\nI see the printer": ("From: my desk\nI see the printer", ""),
    "": ("", ""),
}


@pytest.mark.parametrize(("text", "expected"), TOLD_APART.items())
def test_own_words_and_repeated_ones_are_told_apart_and_none_is_lost(text: str, expected: tuple[str, str]) -> None:
    said = told_apart(text)
    assert (said.text, said.quoted) == expected
    assert sorted(f"{said.text}\n{said.quoted}".split()) == sorted(text.split())


def test_a_mail_that_only_repeats_says_what_it_repeats() -> None:
    mail = read("> Is it?", "From: jo@x.example")
    assert (mail.text, mail.quoted, mail.words) == ("", "> Is it?", "> Is it?")


def test_what_html_quotes_is_quoted() -> None:
    html = "<p>No.</p><div>On Mon, Jo wrote:<blockquote><p>Is it?</p><blockquote>Hm</blockquote></blockquote></div>"
    raw = f"From: jo@x.example\r\nContent-Type: text/html\r\n\r\n{html}".encode()
    mail = read_mail(raw, NO_ENVELOPE, OURS)
    assert mail.text == "No."
    assert mail.quoted.split("\n") == ["On Mon, Jo wrote:", "> Is it?", "> > Hm"]


# intent


@pytest.mark.parametrize(
    "text",
    [
        "It is still broken.",
        "No, this is not fixed!",
        "It still doesn't print",
        "I dispute this.",
        "please reopen",
        "The problem persists",
        "It isn\u2019t working",
        "The same error again.",
        "Thanks, but it is not solved.",
        "it does not work\n\n-- \nJo",
    ],
)
def test_r_5_9c_a_plain_no_is_a_dispute(text: str) -> None:
    assert intent_of(text) is Intent.DISPUTE


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "thank you very much",
        "Many thanks, Jo",
        "Thanks Jo",
        "Thanks!\n\nJo P. Field",
        "Great, it works again!",
        "All good now. Cheers",
        "Perfect.\n\n-- \nJo Field, IT problems department",
        "That fixed it, thanks",
        "Hi team, thank you so much for your quick help! It is working now. Best regards, Jo",
    ],
)
def test_r_5_9c_thanks_are_no_dispute(text: str) -> None:
    assert intent_of(text) is Intent.THANKS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "Thanks, but the other one?",
        "Thank you. Could you look at room 8 too?",
        "If it is still broken tomorrow I will write again.",
        "It is no longer not working, or is it",
        "Thanks for nothing, no paper comes out",
        "Thanks for nothing.",
        "Great. The printer is dead.",
        "Perfect, now it smokes",
        "Thanks, waiting for the toner",
        "It works fine, 2/3",
        "Great. Broken",
        "Thanks, it is on fire",
        "Thanks" + "\n" * 1_000 + "not",
        "ok",
        "See the picture.",
        "I am not sure that it is not fixed",
        "thanks " * 100,
    ],
)
def test_r_5_9c_all_else_is_read_by_a_person(text: str) -> None:
    assert intent_of(text) is Intent.UNCLEAR


# reports without a form

DAEMON = "From: MAILER-DAEMON@mx.example"


@pytest.mark.parametrize(
    ("subject", "text", "fate", "code"),
    [
        ("failure notice", "Sorry, no mailbox here by that name. (#5.1.1)", Fate.FAILED, "5.1.1"),
        ("Undelivered Mail Returned to Sender", "550 user unknown", Fate.FAILED, "550"),
        ("Warning: could not send message for past 4 hours", "Will keep trying", Fate.DELAYED, None),
        ("Delayed Mail (still being retried)", "451 4.4.1 timeout", Fate.DELAYED, "4.4.1"),
        ("Returned mail: Deferred: timed out", "554 host", Fate.FAILED, "554"),
        ("E", "", Fate.FAILED, None),
        ("Delivery report", "250 2.1.5 it is in his mailbox", Fate.ARRIVED, "2.1.5"),
        ("Delivery report", "2.0.0 here, 550 user unknown there", Fate.FAILED, "550"),
    ],
)
def test_a_report_without_a_form_is_read_by_its_words(subject: str, text: str, fate: Fate, code: str | None) -> None:
    returned = read(text, DAEMON, f"Subject: {subject}").returned
    assert returned is not None
    assert (returned.fate, returned.code) == (fate, code)


def test_our_message_ids_are_found_anywhere_in_it_and_nobody_else_s() -> None:
    text = "Message-ID: <a@caseledger.example>\r\nReferences: <b@elsewhere.example> <c@CASELEDGER.example>"
    returned = read(text, DAEMON, "Subject: failure notice").returned
    assert returned is not None
    assert returned.message_ids == ("<a@caseledger.example>", "<c@CASELEDGER.example>")


@pytest.mark.parametrize("sender", ["jo@x.example", "postmaster@x.example"])
def test_a_person_who_speaks_of_failure_is_no_report(sender: str) -> None:
    mail = read("My mail to you was returned: delivery failed.", f"From: {sender}", "Subject: Printer")
    assert (mail.returned is None) is (sender == "jo@x.example"), "a postmaster's is: they are a robot (`intake.md`)"


AWAY = "Away until May: room 512 is empty, what you sent was rejected, call 555-1234."


@pytest.mark.parametrize(
    ("subject", "header"),
    [
        ("Automatic reply: Resolved", "Return-Path: <>"),
        ("Re: Resolved: mail is undeliverable", "Auto-Submitted: auto-replied"),
        ("Out of office: Resolved", "In-Reply-To: <1@caseledger.example>"),
        ("Resolved", "X-Autoreply: yes"),
    ],
)
def test_r_5_9g_whoever_is_away_is_no_report_whatever_he_says(subject: str, header: str) -> None:
    mail = read(AWAY, "From: Jo <jo@x.example>", f"Subject: {subject}", header)
    assert (mail.machine, mail.returned) == (ReceiptCause.AUTOMATIC, None)


def test_r_5_9g_a_read_receipt_is_no_report_of_a_delivery() -> None:
    kind = 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"'
    parts = "--b\r\n\r\nIt was rejected.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: x\r\n--b--"
    mail = read(parts, "From: jo@x.example", "Subject: Read: mail is undeliverable", kind)
    assert (mail.machine, mail.returned) == (ReceiptCause.REPORT, None)


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("Postmaster Team <jo@x.example>", "our mail is undeliverable"),
        ("jo@x.example", "Re: Automatic reply: our printer"),
        ("jo@x.example", "Out of office: I cannot switch it on"),
        ("jo@x.example", "Vacation: my calendar is not shared"),
    ],
)
def test_a_person_may_speak_as_machines_do(sender: str, subject: str) -> None:
    mail = read("550 5.1.1 user unknown, it says.", f"From: {sender}", f"Subject: {subject}")
    assert (mail.machine, mail.returned) == (None, None)
