"""Who wrote a mail and what it says; and that nothing anybody sends makes reading it fail or last."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.mail_in.envelope import NO_ENVELOPE, Envelope
from application.mail_in.parsing import LONGEST_TEXT, Mail, read_mail
from application.mail_out.addresses import Addresses
from domain.fate import ReceiptCause

HEAD = b"From: Jo Field <jo.field@agency.example>\r\nSubject: Printer\r\nMessage-ID: <1@agency.example>\r\n"
BODY = b"\r\nNothing comes out.\r\n"
OURS = Addresses(bytes(32), "service-desk@caseledger.example")


def read(raw: bytes, envelope: Envelope = NO_ENVELOPE) -> Mail:
    return read_mail(raw, envelope, OURS)


def test_a_mail_says_who_wrote_what() -> None:
    mail = read(HEAD + BODY)
    assert (mail.held, mail.machine) == (None, None)
    assert (mail.sender, mail.name) == ("jo.field@agency.example", "Jo Field")
    assert (mail.subject, mail.text, mail.message_id) == ("Printer", "Nothing comes out.", "<1@agency.example>")


MACHINES = {
    b"Auto-Submitted: auto-replied (vacation)": ReceiptCause.AUTOMATIC,
    b"Auto-Submitted: auto-generated": ReceiptCause.AUTOMATIC,
    b"Auto-Submitted: nobody-knows": ReceiptCause.AUTOMATIC,
    b"X-Autoreply: yes": ReceiptCause.AUTOMATIC,
    b"Precedence: auto_reply": ReceiptCause.AUTOMATIC,
    b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b": ReceiptCause.REPORT,
    b"X-Failed-Recipients: somebody@x.example": ReceiptCause.REPORT,
    b"Return-Path: <>": ReceiptCause.ROBOT,
    b"Return-Path: <MAILER-DAEMON@mx.example>": ReceiptCause.ROBOT,
    b"Sender: postmaster@mx.example": ReceiptCause.ROBOT,
    b"X-Caseledger-Loop: " + OURS.desk.encode(): ReceiptCause.OURS,
}
PEOPLE = (
    b"In-Reply-To: <0@desk.example>",
    b"References: <0@desk.example>",
    b"In-Reply-To:",
    b"AUTO-SUBMITTED: No",
    b"Auto-Submitted: no; really",
    b"Return-Path: <jo.field@agency.example>",
    b"Precedence: Bulk",
    b"List-Id: <all.agency.example>",
    b"X-Auto-Response-Suppress: All",
    b"X-Caseledger-Loop: somebody else's, or a forger's",
    b"Received: from a by b\r\n" * 50 + b"X: y",
)
HELD = {
    b"Received: from a by b\r\n" * 51 + b"X: y": ReceiptCause.LOOPING,
    b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"X: y": ReceiptCause.TOO_COMPLEX,
    b"To: " + b", ".join(b"a%d@x.example" % number for number in range(1_000_000)): ReceiptCause.TOO_COMPLEX,
    b"Content-Type: " + b"(" * 3_000: ReceiptCause.UNREADABLE,
}


@pytest.mark.parametrize(("header", "cause"), MACHINES.items())
def test_who_is_no_person_is_known_by_what_he_says(header: bytes, cause: ReceiptCause) -> None:
    mail = read(HEAD + header + b"\r\n" + BODY)
    assert (mail.held, mail.machine) == (None, cause)


@pytest.mark.parametrize("header", PEOPLE)
def test_r_5_2b_what_a_person_wrote_is_told_from_it(header: bytes) -> None:
    mail = read(HEAD + header + b"\r\n" + BODY)
    assert (mail.held, mail.machine, mail.returned) == (None, None, None)


@pytest.mark.parametrize(("header", "cause"), HELD.items(), ids=HELD.values())
def test_r_5_1d_what_is_out_of_bounds_is_seen_by_a_person_first(header: bytes, cause: ReceiptCause) -> None:
    assert read(HEAD + header + b"\r\n" + BODY).held is cause


def test_a_list_s_mail_is_a_person_s_and_wants_no_automatic_answer() -> None:
    assert read(HEAD + b"List-Id: <all.agency.example>\r\n" + BODY).suppressing
    assert read(HEAD + b"Precedence: bulk\r\n" + BODY).suppressing
    assert not read(HEAD + BODY).suppressing


def test_a_null_sender_is_one_on_the_envelope_and_in_the_header_of_what_was_passed_on() -> None:
    nobody = Envelope("", ("service-desk@caseledger.example",))
    assert read(HEAD + b"Return-Path: <jo@x.example>\r\n" + BODY, nobody).machine is ReceiptCause.ROBOT
    somebody = Envelope("jo@x.example", ("a@x.example", "b@x.example"))
    mail = read(HEAD + b"Return-Path: <>\r\nTo: c@x.example\r\n" + BODY, somebody)
    assert (mail.machine, mail.addressed) == (ReceiptCause.ROBOT, ("a@x.example", "b@x.example"))
    assert read(HEAD + BODY, somebody).machine is None


@pytest.mark.parametrize(
    ("sender", "address", "alone"),
    [
        (b"Jo <jo@x.example>", "jo@x.example", True),
        (b"Jo <jo@x.example>, Al <al@x.example>", "jo@x.example", False),
        (b"Big Bug bb@x.example", "bb@x.example", False),
        (b"tim@x.example tom@x.example", "tim@x.example", False),
    ],
)
def test_whoever_writes_is_found_however_he_says_it(sender: bytes, address: str, alone: bool) -> None:
    mail = read(b"From: " + sender + b"\r\n" + BODY)
    assert (mail.sender, mail.alone, mail.held) == (address, alone, None)


@pytest.mark.parametrize(
    "sender",
    [
        *(
            b"",
            b"jo.field",
            b"jo@",
            b"@x.example",
            b"undisclosed:;",
        ),
        *(b'"jo field"@x.example', b"jo@[127.0.0.1]", b"\0", b"\xff\xfe", b"(" * 5_000),
        *(b"jo@" + b"x" * 300, b"jo@\xc3\xa9" + b"\xc3\xa9" * 60 + b"!", b'"\\' * 2_000, b"=?utf-8?q?=6A=6F?="),
    ],
    ids=lambda sender: repr(sender[:16]),
)
def test_whoever_cannot_be_written_to_is_no_sender(sender: bytes) -> None:
    mail = read(b"From: " + sender + b"\r\n" + BODY)
    assert (mail.held, mail.sender, mail.text) == (ReceiptCause.NO_SENDER, None, "Nothing comes out.")


@pytest.mark.parametrize("robot", ["MAILER-DAEMON@x.example", "postmaster@x.example", "no-reply@x.example"])
def test_robots_are_known_by_their_names(robot: str) -> None:
    assert read(f"From: {robot}\r\n\r\nhello".encode()).machine is ReceiptCause.ROBOT


def test_names_and_subjects_in_any_script_are_read() -> None:
    encoded = read(b"From: =?utf-8?q?J=C3=BCrgen?= <j@x.example>\r\nSubject: =?utf-8?b?w5xiZXI=?=\r\n\r\n")
    bare = read("From: Jürgen <j@x.example>\r\nSubject: Über\r\n\r\n".encode())
    for mail in (encoded, bare):
        assert (mail.name, mail.sender, mail.subject) == ("Jürgen", "j@x.example", "Über")


def test_a_subject_is_one_line_without_control_characters() -> None:
    subject = read(b"From: j@x.example\r\nSubject: =?utf-8?q?a=0D=0ABcc:_x=00=1B[2J?=\r\n\r\n").subject
    assert subject == "a Bcc: x [2J"


def test_the_plain_text_is_what_it_says() -> None:
    message = EmailMessage()
    message["From"] = "jo@x.example"
    message.set_content("Plain words.")
    message.add_alternative("<p>Other words.</p>", subtype="html")
    message.add_attachment("attached words", filename="a.txt")
    assert read(bytes(message)).text == "Plain words."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "<html><head><title>t</title><style>p{}</style></head><body><p>One&amp;<b>two</b><br>three</body>",
            "One&two\nthree",
        ),
        ("<script>alert(1)</script>hello<!-- not <b>this</b> -->", "hello"),
        ("1 < 2 and 3 > 2 <3", "1 < 2 and 3 > 2 <3"),
        ("<script>never closed", ""),
        ("<script>alert(1)</script>", ""),
        ("a<![if !mso]>b<![endif]>c<?xml:x y>", "abc"),
        ("&#0;&#xD800;&nbsp;x", "\ufffd\ufffd x"),
    ],
)
def test_of_html_only_the_text_is_kept(markup: str, text: str) -> None:
    raw = b"From: jo@x.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + markup.encode()
    assert read(raw).text == text


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        (b"text/plain; charset=klingon", b"na\xc3\xafve", "naïve"),
        (b"text/plain; charset=latin-1", b"na\xefve", "naïve"),
        (b"text/plain; charset=utf-8", b"na\xefve", "naïve"),
        (b"text/plain; charset=utf-8", b"na\xc3\xafve \xef", "naïve \ufffd"),
        (b"text/plain; charset=rot13", b"hello", "hello"),
        (b"text/plain; charset=unicode_escape", b"\\d", "\\d"),
        (b"text/plain; charset=utf-16", b"\xd8\x00" * 3, "\u00d8" * 3),
        (b"text/plain; charset=utf-7", b"+2AA-", "+2AA-"),
        (b"multipart/mixed", b"no boundary", "no boundary"),
        (b"multipart/mixed; boundary=b", b"--b\r\n\r\nnever closed", "never closed"),
        (b"text", b"hello", "hello"),
        (b"application/pdf", b"%PDF", ""),
    ],
)
def test_what_is_broken_is_read_as_well_as_can_be(kind: bytes, content: bytes, text: str) -> None:
    mail = read(HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + content)
    assert (mail.held, mail.text) == (None, text)


def nested(levels: int) -> bytes:
    parts = (
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(levels)
    )
    return HEAD + b"".join(parts)


BIG = 1_000_000
HOSTILE = {
    "empty": b"",
    "NULs": b"\0" * BIG,
    "lines": b"\r\n" * (BIG // 2),
    "one line": b"x" * BIG,
    "nested deeply": nested(5_000),
    "nested, with many lines": nested(45) + b"\n" * 190_000,
    "many parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 50_000,
    "a header without an end": HEAD + b"X: y\r\n" + b" z\r\n" * 150_000,
    "parameters without an end": HEAD + b"Content-Type: text/plain; " + b"a=b;" * (BIG // 4) + BODY,
    "quotes without an end": HEAD + b"Content-Type: text/plain; " + b'"' * BIG + BODY,
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\na-" + b"a" * BIG,
    "digits": HEAD + b"Content-Type: text/html\r\n\r\n&#" + b"9" * BIG,
    **{
        f"HTML of {seed!r}": HEAD + b"Content-Type: text/html\r\n\r\n" + seed * (BIG // len(seed))
        for seed in (
            b"<!--",
            b"<a ",
            b"<a",
            b"<",
            b"</",
            b"<a b='",
            b"<a/",
            b"<script>",
            b"<title></title ",
            b"&#",
            b"a",
        )
    },
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_r_5_1d_nothing_anybody_sends_makes_reading_fail(raw: bytes) -> None:
    """It also ends soon: html.parser and email would take minutes to hours over some of these."""
    mail = read(raw)
    assert len(mail.text) <= LONGEST_TEXT
    mail.text.encode()


@given(st.binary(max_size=500), st.sampled_from([b"", HEAD, HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n"]))
@example(b"Content-Type: =?", HEAD)
def test_whatever_the_bytes_they_are_read(content: bytes, head: bytes) -> None:
    mail = read(head + content)
    "".join((mail.text, mail.subject, mail.name or "", mail.sender or "", mail.message_id)).encode()
    assert "\0" not in mail.text + mail.subject + (mail.name or "")


@pytest.mark.parametrize("before", [b"\n", b"\r\n\r\n"])
def test_empty_lines_before_the_headers_are_none_of_it(before: bytes) -> None:
    assert read(before + HEAD + BODY) == read(HEAD + BODY)


def test_an_attachment_whose_name_cannot_be_read_costs_nothing_else() -> None:
    """Half a character: the library's parser of parameters fails."""
    raw = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
        + b"Content-Type: application/x; name*=utf-7''%2B2AA-\r\nContent-Disposition: attachment; filename*=utf-7''%2B2AA-"
        + b"\r\n\r\nabc\r\n--b--\r\n"
    )
    mail = read(raw)
    assert (mail.held, mail.text, [file.content for file in mail.files]) == (None, "hello", [b"abc"])


def test_r_5_1c_an_id_too_long_to_be_told_from_others_is_none() -> None:
    one, other = (
        b"From: jo@x.example\r\nMessage-ID: <" + b"a" * 1_000 + end + b"@x>\r\n" + BODY for end in (b"1", b"2")
    )
    assert read(one).message_id == read(other).message_id == ""
    assert read(one).digest != read(other).digest
