"""What a letter says as a mail, and what nobody can make it say (R-5.9b)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8, default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.mail_out.letters import Letter, LetterKind
from infrastructure.mail.rendering import compose, deadline_text
from tests.infrastructure.mail.letters import (
    ADDRESSES,
    FOLLOW,
    LINK,
    OTHER_DESK,
    THREAD,
    a_continuation,
    a_letter,
    a_question,
    a_referral,
    an_acknowledgement,
    an_escalation,
)

SENDER = "service-desk@desk.example"
AT = datetime(2026, 11, 24, 14, 3, 59, tzinfo=UTC)
DEADLINE = "Friday, 27 November 2026, 08:03 CST (America/Chicago)"
HEADERS = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Caseledger-Loop",
    "MIME-Version",
    "Content-Type",
]


def received(letter: Letter) -> EmailMessage:
    """The mail as its recipient's program reads it."""
    raw = compose(letter, sender=SENDER, at=AT).as_bytes()
    assert max(map(len, raw.decode("ascii").split("\r\n"))) <= 998, "RFC 5322, 2.1.1"
    return message_from_bytes(raw, policy=default)


def part(letter: Letter, kind: str) -> str:
    found = received(letter).get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def both(letter: Letter) -> tuple[str, str]:
    return part(letter, "plain"), part(letter, "html")


def test_every_header_is_as_it_should_be() -> None:
    mail = received(a_letter())
    assert dict(mail.items()) == {
        "From": "Service desk <service-desk@desk.example>",
        "Reply-To": f"Service desk <{THREAD.reply_to}>",
        "To": "Jo Field <jo.field@agency.example>",
        "Subject": f"[{THREAD.token}] Resolved: Printer is dead",
        "Date": "Tue, 24 Nov 2026 08:03:59 -0600",
        "Message-ID": "<019abc@desk.example>",
        "References": THREAD.root,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Caseledger-Loop": ADDRESSES.desk,
        "MIME-Version": "1.0",
        "Content-Type": mail["Content-Type"],
    }
    assert mail.get_content_type() == "multipart/alternative"
    assert [inner.get_content_type() for inner in mail.iter_parts()] == ["text/plain", "text/html"]


def test_an_acknowledgement_answers_the_mail_and_is_not_to_be_answered() -> None:
    mail = received(an_acknowledgement())
    assert mail["Subject"] == f"[{THREAD.token}] Received"
    assert mail["In-Reply-To"] == "<1@agency.example>"
    assert mail["References"] == f"{THREAD.root} <1@agency.example>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Precedence"] == "bulk"
    for told in both(an_acknowledgement()):
        assert "INC-0000123" in told
        assert FOLLOW in told


def test_whoever_says_he_is_somebody_else_has_no_words_of_his_carried_to_him() -> None:
    letter = an_acknowledgement(name="Win at http://evil.example", subject="Printer at evil.example")
    assert "evil" not in compose(letter, sender=SENDER, at=AT).as_string()
    assert all("Hello," in told for told in both(letter))


def test_r_5_2e_an_escalation_names_the_targets_that_were_missed_and_until_when_they_were_due() -> None:
    assert received(an_escalation())["Subject"] == f"[{THREAD.token}] Overdue: Printer is dead"
    for told in both(an_escalation()):
        assert "Tuesday, 24 November 2026, 08:15 CST (America/Chicago)" in told
        assert "Tuesday, 24 November 2026, 10:00 CST (America/Chicago)" in told
        assert told.index("answer the customer") < told.index("resolve it")


def test_all_mails_of_a_case_refer_to_one_root() -> None:
    mails = [received(letter) for letter in (a_letter(), a_letter(message_id="<2@desk.example>"), a_referral())]
    assert {mail["References"] for mail in mails} == {THREAD.root}


def test_the_same_letter_is_the_same_mail_byte_for_byte() -> None:
    once, again = (compose(a_letter(), sender=SENDER, at=AT).as_bytes() for _ in range(2))
    assert once == again


def test_a_resolution_says_what_was_done_to_which_case_until_when_and_how_to_dispute() -> None:
    for told in both(a_letter()):
        assert "INC-0000123 is resolved" in told.replace("<strong>", "").replace("</strong>", "")
        assert "Replaced the fuser." in told
        assert "Tested with two pages." in told
        assert DEADLINE in told
        assert "reply to this message" in told
        assert "call the service desk" in told
        assert "workaround" not in told
    text, html = both(a_letter())
    assert f"\n    {LINK}\n" in text
    assert 'href="https://desk.example/disputes/abc?a=1&amp;b=2"' in html


def test_a_workaround_is_called_one() -> None:
    assert all("This is a workaround" in told for told in both(a_letter(workaround=True)))


def test_without_a_link_the_other_ways_to_dispute_remain() -> None:
    for told in both(a_letter(dispute_url=None)):
        assert "To do so, reply to this message or call the service desk." in told
        assert "href" not in told


def test_a_referral_tells_how_to_reach_the_other_desk_and_how_to_object() -> None:
    text, html = both(a_referral(solution=None))
    assert received(a_referral())["Subject"] == f"[{THREAD.token}] Referred: Printer is dead"
    for label, value in {"Agency": "agency", "Phone": "phone", "E-mail": "email", "Hours": "hours"}.items():
        assert f"    {label}: {OTHER_DESK[value]}\n" in text
        assert f"<li>{label}: {OTHER_DESK[value]}</li>" in html
    assert "Tax help &lt;desk&gt;" in html
    for told in (text, html):
        assert "Portal" not in told
        assert "you can object until" in told
        assert DEADLINE in told
        assert "What was done" not in told


def test_a_duplicate_is_continued_and_has_no_window_of_its_own() -> None:
    assert received(a_continuation())["Subject"] == f"[{THREAD.token}] Continued as INC-0000007: Printer is dead"
    for told in both(a_continuation()):
        assert "continued as" in told
        assert "INC-0000007" in told
        assert "no time limit of its own" in told
        assert "until" not in told


def test_a_question_says_how_to_answer_it() -> None:
    assert received(a_question())["Subject"] == f"[{THREAD.token}] Question: Printer is dead"
    text, html = both(a_question())
    assert "    Does the lamp blink?\n    And how <often>?\n" in text
    assert "And how &lt;often&gt;?<br>" in html
    for told in (text, html):
        assert FOLLOW in told
        assert "reply to this message" in told
        assert "dispute" not in told
    for told in both(a_question(follow_url=None, monitoring=True)):
        assert "reply to this message." in " ".join(told.split())
        assert "http" not in told.replace("http-equiv", "")


def test_the_owner_of_a_service_is_not_addressed_as_the_customer() -> None:
    for told in both(a_letter(monitoring=True, name=None)):
        assert "Your case" not in told
        assert "because you own the service" in told


@pytest.mark.parametrize(
    ("at", "zone", "told"),
    [
        ("2026-07-04T05:59:59.999999+00:00", "America/Chicago", "Saturday, 4 July 2026, 00:59 CDT (America/Chicago)"),
        ("2026-11-01T06:30:00+00:00", "America/Chicago", "Sunday, 1 November 2026, 01:30 CDT (America/Chicago)"),
        ("2026-11-01T07:30:00+00:00", "America/Chicago", "Sunday, 1 November 2026, 01:30 CST (America/Chicago)"),
        ("2027-03-14T07:59:59+00:00", "America/Chicago", "Sunday, 14 March 2027, 01:59 CST (America/Chicago)"),
        ("2027-03-14T08:00:00+00:00", "America/Chicago", "Sunday, 14 March 2027, 03:00 CDT (America/Chicago)"),
        ("2026-01-01T00:00:30-06:00", "UTC", "Thursday, 1 January 2026, 06:00 UTC (UTC)"),
        ("2026-01-01T00:00:00+00:00", "America/Sao_Paulo", "Wednesday, 31 December 2025, 21:00 UTC-03:00 (America/Sao_Paulo)"),
    ],
)  # fmt: skip
def test_the_deadline_is_told_in_the_time_then_in_force(at: str, zone: str, told: str) -> None:
    assert deadline_text(datetime.fromisoformat(at), zone) == told


@given(st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - made aware
def test_the_deadline_told_is_never_later_than_the_window_and_less_than_a_minute_before(at: datetime) -> None:
    day, clock = deadline_text(at, "America/Chicago").removesuffix(" (America/Chicago)").rsplit(", ", 1)
    offset = {"CST": "-0600", "CDT": "-0500"}[clock[6:]]
    told = datetime.strptime(f"{day}, {clock[:5]} {offset}", "%A, %d %B %Y, %H:%M %z")
    assert timedelta(0) <= at - told < timedelta(minutes=1)


@given(subject=st.text(), name=st.text())
def test_nobody_writes_into_the_headers(subject: str, name: str) -> None:
    mail = received(a_letter(subject=subject, name=name))
    assert mail.keys() == HEADERS
    # A long word makes `email` begin the value on a line of its own, after a blank.
    assert mail["Subject"].lstrip().startswith(f"[{THREAD.token}] Resolved")
    (to,) = mail["To"].addresses
    assert to.addr_spec == "jo.field@agency.example"
    assert not mail.defects


@pytest.mark.parametrize(
    "hostile",
    [
        "a\r\nBcc: everybody@agency.example",
        "a\nBcc: everybody@agency.example\n\nbody",
        "a\u2028Bcc: everybody@agency.example",
        "=?utf-8?q?a=0D=0ABcc=3A_everybody=40agency.example?=",
        '"a" <everybody@agency.example>, b',
    ],
)
def test_an_injection_becomes_words(hostile: str) -> None:
    mail = received(a_letter(subject=hostile, name=hostile))
    assert mail.keys() == HEADERS
    assert [to.addr_spec for to in mail["To"].addresses] == ["jo.field@agency.example"]
    assert "\n" not in mail["Subject"]
    assert "Bcc" not in mail


def test_a_subject_survives_in_any_language_and_an_endless_one_is_cut() -> None:
    said = str(received(a_letter(subject="Drucker blockiert: 打印机坏了"))["Subject"])
    # The standard library folds before an encoded word, and leaves one blank too many there.
    assert " ".join(said.split()).endswith("Drucker blockiert: 打印机坏了")
    assert received(a_letter(subject="x" * 5_000))["Subject"] == f"[{THREAD.token}] Resolved: " + "x" * 117 + "..."
    assert len(received(a_letter(subject="ö ü" * 5_000))["Subject"]) <= 164
    assert received(a_letter(subject=None))["Subject"] == f"[{THREAD.token}] Resolved"


def test_names_beyond_ascii_are_kept() -> None:
    (to,) = received(a_letter(name="Zoë Ångström-Ñandú"))["To"].addresses
    assert to.display_name == "Zoë Ångström-Ñandú"
    assert part(a_letter(name="Zoë Ångström"), "plain").startswith("Hello Zoë Ångström,")
    assert part(a_letter(name=None), "plain").startswith("Hello,")


def test_an_international_address_is_written_as_it_is() -> None:
    mail = compose(a_letter(recipient="jürgen@bücher.example"), sender=SENDER, at=AT)
    raw = mail.as_bytes(policy=SMTPUTF8)
    assert "To: Jo Field <jürgen@bücher.example>\r\n" in raw.decode()
    assert str(message_from_bytes(raw, policy=default)["To"]) == "Jo Field <jürgen@bücher.example>"


def test_html_in_the_customers_words_is_shown_not_obeyed() -> None:
    evil = '<script>alert(1)</script><img src=x onerror="x">\n</blockquote><a href="https://evil.example">here</a>'
    html = part(a_letter(solution=evil, subject=evil, name=evil), "html")
    assert html.count("<script") == html.count("<img") == html.count('evil.example">') == 0
    assert html.count("<a ") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)</script>" in part(a_letter(solution=evil), "plain")


def test_a_solution_cannot_pass_for_the_desks_own_words_nor_end_its_part() -> None:
    boundary = received(a_letter()).get_boundary()
    text = part(a_letter(solution=f"done\n\n--{boundary}--\n-- \n.\nFrom here\r\n\x00\x1b[2Jend"), "plain")
    assert f"    done\n\n    --{boundary}--\n    --\n    .\n    From here\n" in text
    assert "\x1b" not in text
    assert len(list(received(a_letter(solution=f"--{boundary}--")).iter_parts())) == 2


@given(st.text())
def test_any_solution_can_be_sent(solution: str) -> None:
    assert "call the service desk" in part(a_letter(solution=solution), "plain")


@pytest.mark.parametrize(
    "wrong",
    [
        {"deadline": None},
        {"deadline": datetime(2026, 11, 27)},  # noqa: DTZ001 - that is what is wrong
        {"kind": LetterKind.REFERRED},
        {"kind": LetterKind.CONTINUED},
        {"kind": LetterKind.ACKNOWLEDGED},
        {"kind": LetterKind.QUESTION},
        {"kind": LetterKind.ESCALATED},
    ],
)
def test_a_letter_that_leaves_out_what_the_sop_demands_is_not_written(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"deadline|reach|continued|link|question|target"):
        a_letter(**wrong)
