"""Who wrote a mail and what it says; and that nothing anybody sends makes reading it fail or last."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.intake.reading import LONGEST_TEXT, read_mail
from domain.intake import Cause

HEAD = b"From: Jo Field <jo.field@agency.example>\r\nSubject: Printer\r\nMessage-ID: <1@agency.example>\r\n"
BODY = b"\r\nNothing comes out.\r\n"


def test_a_mail_says_who_wrote_what() -> None:
    mail = read_mail(HEAD + BODY)
    assert mail.cause is None
    assert (mail.sender, mail.name) == ("jo.field@agency.example", "Jo Field")
    assert (mail.subject, mail.text, mail.message_id) == ("Printer", "Nothing comes out.", "<1@agency.example>")


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        (b"In-Reply-To: <0@desk.example>", Cause.REPLY),
        (b"References: <0@desk.example>", Cause.REPLY),
        (b"In-Reply-To:", None),
        (b"Auto-Submitted: auto-replied (vacation)", Cause.AUTOMATIC),
        (b"Auto-Submitted: auto-generated", Cause.AUTOMATIC),
        (b"AUTO-SUBMITTED: No", None),
        (b"Auto-Submitted: no; really", None),
        (b"Auto-Submitted: nobody-knows", Cause.AUTOMATIC),
        (b"Content-Type: multipart/report; report-type=delivery-status; boundary=b", Cause.REPORT),
        (b"X-Failed-Recipients: somebody@x.example", Cause.REPORT),
        (b"Return-Path: <>", Cause.ROBOT),
        (b"Return-Path: <jo.field@agency.example>", None),
        (b"Return-Path: <MAILER-DAEMON@mx.example>", Cause.ROBOT),
        (b"Sender: postmaster@mx.example", Cause.ROBOT),
        (b"Precedence: Bulk", Cause.BULK),
        (b"List-Id: <all.agency.example>", Cause.BULK),
        (b"X-Auto-Response-Suppress: All", None),
        (b"Received: from a by b\r\n" * 50 + b"X: y", None),
        (b"Received: from a by b\r\n" * 51 + b"X: y", Cause.LOOPING),
        (b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"X: y", Cause.TOO_COMPLEX),
        (b"From: somebody.else@agency.example", Cause.NO_SENDER),
        (b"Content-Type: " + b"(" * 3_000, Cause.UNREADABLE),
    ],
)
def test_r_5_2b_only_what_a_person_plainly_wrote_anew_opens_a_case(header: bytes, cause: Cause | None) -> None:
    assert read_mail(HEAD + header + b"\r\n" + BODY).cause == cause


@pytest.mark.parametrize(
    "sender",
    [
        *(
            b"",
            b"jo.field",
            b"jo@",
            b"@x.example",
            b"undisclosed:;",
            b"a@x.example, b@x.example",
            b"jo field@x.example",
        ),
        *(b'"jo field"@x.example', b"jo@[127.0.0.1]", b"\0", b"\xff\xfe", b"(" * 5_000, b"a@x.example," * 50_000),
        *(b"jo@" + b"x" * 300, b"jo@\xc3\xa9" + b"\xc3\xa9" * 60 + b"!", b'"\\' * 2_000, b"=?utf-8?q?=6A=6F?="),
    ],
    ids=lambda sender: repr(sender[:16]),
)
def test_whoever_cannot_be_written_to_is_no_sender(sender: bytes) -> None:
    mail = read_mail(b"From: " + sender + b"\r\n" + BODY)
    assert (mail.cause, mail.sender, mail.text) == (Cause.NO_SENDER, None, "Nothing comes out.")


@pytest.mark.parametrize("robot", ["MAILER-DAEMON@x.example", "postmaster@x.example", "no-reply@x.example"])
def test_robots_are_known_by_their_names(robot: str) -> None:
    assert read_mail(f"From: {robot}\r\n\r\nhello".encode()).cause is Cause.ROBOT


def test_names_and_subjects_in_any_script_are_read() -> None:
    encoded = read_mail(b"From: =?utf-8?q?J=C3=BCrgen?= <j@x.example>\r\nSubject: =?utf-8?b?w5xiZXI=?=\r\n\r\n")
    bare = read_mail("From: Jürgen <j@x.example>\r\nSubject: Über\r\n\r\n".encode())
    for mail in (encoded, bare):
        assert (mail.name, mail.sender, mail.subject) == ("Jürgen", "j@x.example", "Über")


def test_a_subject_is_one_line_without_control_characters() -> None:
    subject = read_mail(b"From: j@x.example\r\nSubject: =?utf-8?q?a=0D=0ABcc:_x=00=1B[2J?=\r\n\r\n").subject
    assert subject == "a Bcc: x [2J"


def test_the_plain_text_is_what_it_says() -> None:
    message = EmailMessage()
    message["From"] = "jo@x.example"
    message.set_content("Plain words.")
    message.add_alternative("<p>Other words.</p>", subtype="html")
    message.add_attachment("attached words", filename="a.txt")
    assert read_mail(bytes(message)).text == "Plain words."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "<html><head><title>t</title><style>p{}</style></head><body><p>One&amp;<b>two</b><br>three</body>",
            "One&two\nthree",
        ),
        ("<script>alert(1)</script>hello<!-- not <b>this</b> -->", "hello"),
        ("1 < 2 and 3 > 2 <3", "1 < 2 and 3 > 2 <3"),
        ("<script>never closed", "<script>never closed"),  # rather than nothing
        ("a<![if !mso]>b<![endif]>c<?xml:x y>", "abc"),
        ("&#0;&#xD800;&nbsp;x", "\ufffd\ufffd x"),
    ],
)
def test_of_html_only_the_text_is_kept(markup: str, text: str) -> None:
    raw = b"From: jo@x.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + markup.encode()
    assert read_mail(raw).text == text


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        (b"text/plain; charset=klingon", b"na\xc3\xafve", "naïve"),
        (b"text/plain; charset=latin-1", b"na\xefve", "naïve"),
        (b"text/plain; charset=utf-8", b"na\xefve", "na\ufffdve"),
        (b"text/plain; charset=rot13", b"hello", "hello"),
        (b"text/plain; charset=unicode_escape", b"\\d", "\\d"),
        (b"text/plain; charset=utf-16", b"\xd8\x00" * 3, "\u00d8" * 3),
        (b"text/plain; charset=utf-7", b"+2AA-", "?"),
        (b"multipart/mixed", b"no boundary", "no boundary"),
        (b"multipart/mixed; boundary=b", b"--b\r\n\r\nnever closed", "never closed"),
        (b"text", b"hello", "hello"),
        (b"application/pdf", b"%PDF", ""),
    ],
)
def test_what_is_broken_is_read_as_well_as_can_be(kind: bytes, content: bytes, text: str) -> None:
    mail = read_mail(HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + content)
    assert (mail.cause, mail.text) == (None, text)


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
    mail = read_mail(raw)
    assert len(mail.text) <= LONGEST_TEXT
    mail.text.encode()


@given(st.binary(max_size=500), st.sampled_from([b"", HEAD, HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n"]))
@example(b"Content-Type: =?", HEAD)
def test_whatever_the_bytes_they_are_read(content: bytes, head: bytes) -> None:
    mail = read_mail(head + content)
    "".join((mail.text, mail.subject, mail.name or "", mail.sender or "", mail.message_id)).encode()
    assert "\0" not in mail.text + mail.subject + (mail.name or "")
