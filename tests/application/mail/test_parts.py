"""The parts of a mail: which are its words and in what order, which are files, and where images stand."""

from __future__ import annotations

from base64 import b64encode
from quopri import encodestring

import pytest

from application.mail_in.envelope import NO_ENVELOPE
from application.mail_in.parsing import Mail, read_mail
from tests.application.mail.test_reading import OURS
from tests.field import field_input

HEAD = "From: jo@x.example\nSubject: x\nMIME-Version: 1.0\n"


def read(raw: bytes) -> Mail:
    return read_mail(raw, NO_ENVELOPE, OURS)


def multi(kind: str, *parts: str) -> str:
    """A multipart; each kind has a boundary of its own."""
    mark = f"{kind}-{abs(hash(parts)) % 10_000}"
    return (
        f'Content-Type: multipart/{kind}; boundary="{mark}"\n\n'
        + "".join(f"--{mark}\n{part}\n" for part in parts)
        + f"--{mark}--\n"
    )


def plain(text: str) -> str:
    return f"Content-Type: text/plain\n\n{text}"


def markup(text: str) -> str:
    return f"Content-Type: text/html\n\n<html><body>{text}</body></html>"


def file(name: str = "meter.pdf", kind: str = "application/pdf", disposition: str = "inline") -> str:
    return f'Content-Type: {kind}\nContent-Disposition: {disposition}; filename="{name}"\n\n%PDF {name}'


CALENDAR = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR"
WALKS = {
    "text, file, text": (multi("mixed", plain("One."), file(), plain("Two.")), "One.\n\nTwo."),
    "HTML, file, HTML": (multi("mixed", markup("One."), file(), markup("Two.")), "One.\n\nTwo."),
    "text, file, HTML": (multi("mixed", plain("One."), file(), markup("Two.")), "One.\n\nTwo."),
    "HTML, file, text": (multi("mixed", markup("One."), file(), plain("Two.")), "One.\n\nTwo."),
    "file, text": (multi("mixed", file(), plain("One.")), "One."),
    "the same twice": (multi("mixed", plain("One  word."), markup("One word.")), "One  word."),
    "alternatives": (multi("alternative", plain("One."), markup("<b>One.</b>")), "One."),
    "alternatives, the other way round": (multi("alternative", markup("<b>One.</b>"), plain("One.")), "One."),
    "an empty alternative": (multi("alternative", plain(" \n "), markup("One.")), "One."),
    "two empty alternatives": (multi("alternative", plain(""), markup("")), ""),
    "alternatives in mixed": (
        multi("mixed", multi("alternative", plain("One."), markup("One.")), file(), plain("Two.")),
        "One.\n\nTwo.",
    ),
    "alternatives twice in mixed": (
        multi(
            "mixed", multi("alternative", plain("One."), markup("1")), multi("alternative", plain("Two."), markup("2"))
        ),
        "One.\n\nTwo.",
    ),
    "mixed in an alternative": (
        multi("alternative", plain(""), multi("mixed", markup("One."), file(), markup("Two."))),
        "One.\n\nTwo.",
    ),
    "mixed in an alternative, beside text": (
        multi("alternative", plain("One. Two."), multi("mixed", markup("One."), file(), markup("Two."))),
        "One. Two.",
    ),
    "related": (multi("related", markup("One."), file("a.png", "image/png")), "One."),
    "related in an alternative": (
        multi("alternative", plain("One."), multi("related", markup("One."), file("a.png", "image/png"))),
        "One.",
    ),
    "signed": (
        multi("signed", multi("mixed", plain("One."), plain("Two.")), file("s.asc", "application/pgp-signature")),
        "One.\n\nTwo.",
    ),
    "unknown": (multi("x-unknown", plain("One."), markup("Two.")), "One.\n\nTwo."),
    "a text file": (
        multi("mixed", plain("One."), file("log.txt", "text/plain", "attachment"), plain("Two.")),
        "One.\n\nTwo.",
    ),
    "a text file shown inline": (multi("mixed", plain("One."), file("log.txt", "text/plain")), "One."),
    "an HTML file": (multi("mixed", plain("One."), file("page.html", "text/html", "attachment")), "One."),
    "an invitation": (multi("alternative", plain("One."), markup("One."), CALENDAR), "One."),
    "an invitation alone": (multi("mixed", CALENDAR, plain("One.")), "One."),
    "other text": (multi("mixed", "Content-Type: text/x-log\n\nOne.", plain("Two.")), "One.\n\nTwo."),
    "a deep tree": (
        multi(
            "mixed",
            multi("related", multi("alternative", plain("One."), markup("x")), file()),
            multi("mixed", plain("Two.")),
        ),
        "One.\n\nTwo.",
    ),
}


@pytest.mark.parametrize(("body", "text"), WALKS.values(), ids=WALKS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_field_05_every_text_is_read_in_order_and_of_alternatives_one(body: str, text: str, end: str) -> None:
    mail = read((HEAD + body).replace("\n", end).encode())
    assert (mail.held, mail.text) == (None, text)
    assert len(mail.files) == body.count("filename=") + body.count("BEGIN:VCALENDAR")


def test_field_05_the_input_says_both_sentences() -> None:
    mail = read(field_input("05-text-file-text.eml"))
    assert mail.text == "Serial number 4471.\n\nCall me after ten."
    assert [(file.name, file.content[:5]) for file in mail.files] == [("meter.pdf", b"%PDF-")]


# mails inside mails

INNER = (
    "Received: from a\n\tby b\nFrom: Vendor <v@y.example>\nSubject: =?utf-8?q?Licence:_key?=\n =?utf-8?q?_expired?=\n"
    "Content-Type: multipart/mixed; boundary=inner\n\n--inner\n\nText \n--inner\nContent-Type: x/y\n\n-- outer\n--inner--\nepilogue\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", ["message/rfc822", "message/global", "MESSAGE/RFC822"])
@pytest.mark.parametrize("encoding", ["7bit", "8bit", "base64", "quoted-printable", ""])
def test_field_06_a_mail_in_a_mail_is_one_file_with_the_bytes_that_stand_there(
    end: str, kind: str, encoding: str
) -> None:
    inner = INNER.replace("\n", end).encode() + b"\xe9"
    written = {"base64": lambda: b64encode(inner), "quoted-printable": lambda: encodestring(inner)}.get(
        encoding, lambda: inner
    )()
    how = f"Content-Transfer-Encoding: {encoding}\n" if encoding else ""
    head = f"{HEAD}Content-Type: multipart/mixed; boundary=outer\n\n--outer\n\nGenuine?\n--outer\nContent-Type: {kind}\n{how}\n"
    raw = head.replace("\n", end).encode() + written + "\n--outer\n\nBye.\n--outer--\n".replace("\n", end).encode()
    mail = read(raw)
    assert mail.text == "Genuine?\n\nBye."
    ((name, said, content),) = [(file.name, file.said_type, file.content) for file in mail.files]
    assert (name, said, content) == ("Licence_ key expired.eml", kind.lower(), inner)


def test_field_06_a_digest_is_a_mail_each() -> None:
    mails = [f"From: {name}@x.example\nSubject: {name}\n\nhi {name}" for name in ("a", "b", "a")]
    mail = read((HEAD + multi("digest", *(f"\n{each}" for each in mails))).encode())
    assert [(file.name, file.said_type) for file in mail.files] == [
        *(("a.eml", "message/rfc822"), ("b.eml", "message/rfc822"), ("a-2.eml", "message/rfc822"))
    ]
    assert [file.content.decode() for file in mail.files] == mails


@pytest.mark.parametrize("inner", ["", "no mail at all", "Subject:\n\n", "Subject: ../../etc/passwd\n\nx", "\n\n\n"])
def test_field_06_whatever_stands_there_is_kept(inner: str) -> None:
    mail = read((HEAD + multi("mixed", plain("hi"), f"Content-Type: message/rfc822\n\n{inner}")).encode())
    assert [file.content for file in mail.files] == ([inner.encode()] if inner else [])
    assert all("/" not in file.name for file in mail.files)


def test_field_06_the_input_is_kept_to_the_byte() -> None:
    raw = field_input("06-nested-mail.eml")
    mail = read(raw)
    (file,) = mail.files
    start = raw.index(b"From: Vendor")
    assert file.content == raw[start : raw.index(b"\r\n--f06--")]
    assert (file.name, file.said_type, file.content_id) == (
        "Licence key expired.eml", "message/rfc822", "6E0D41F2@client.example.com"
    )  # fmt: skip
    assert (mail.references, mail.text) == ((), "Is this mail genuine?")


# images

PNG = "Content-Type: image/png; name={name}\nContent-ID: <{id}>\n\nx"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a <img src='cid:1@x'> b", "a [image: one.png] b"),
        ('a<img src=cid:1@x>b<IMG alt=x SRC="CID:2@x">c', "a [image: one.png] b [image: two.png] c"),
        ("<img src='cid:1%40x'>", "[image: one.png]"),
        ("<img src='cid:nobody' alt='a &amp; b'>", "[image: a & b]"),
        ("<img src='cid:nobody'>", "[image: nobody]"),
        ("<img src='https://x.example/pixel.gif'>hi", "hi"),
        ("<img src='https://x.example/a.png' alt='Our logo'>hi", "[image: Our logo] hi"),
        ("<img src='data:image/png;base64,eA=='>", "[image: unnamed]"),
        ("<img src='data:image/png;base64,eA==' alt='chart'>", "[image: chart]"),
        ("<img>hi", "hi"),
        ("<img src='cid:1@x' alt='&lt;script&gt;'>", "[image: one.png]"),
        ("<blockquote>a <img src='cid:1@x'></blockquote>", ""),
    ],
)
def test_field_07_text_says_where_an_image_stood(html: str, text: str) -> None:
    images = (PNG.format(name=f"{name}.png", id=f"{number}@x") for number, name in ((1, "one"), (2, "two")))
    mail = read((HEAD + multi("related", markup(html), *images)).encode())
    assert mail.text.startswith(text)
    assert [file.content_id for file in mail.files] == ["1@x", "2@x"]


def test_field_07_a_plain_alternative_that_tells_of_no_image_is_not_what_is_read() -> None:
    html = multi("related", markup("a <img src='cid:1@x'> b"), PNG.format(name="one.png", id="1@x"))
    assert read((HEAD + multi("alternative", plain("a b"), html)).encode()).text == "a [image: one.png] b"
    told = multi("alternative", plain("a [image: one.png] b!"), html)
    assert read((HEAD + told).encode()).text == "a [image: one.png] b!"


def test_field_07_files_have_names_of_their_own() -> None:
    named = ["image.png", "IMAGE.png", "image.png", "image-2.png", "", "", ".", "a/../image.png"]
    mail = read((HEAD + multi("mixed", *(PNG.format(name=f'"{name}"', id="") for name in named))).encode())
    names = [file.name for file in mail.files]
    assert names[:4] == ["image.png", "IMAGE-2.png", "image-3.png", "image-2-2.png"]
    assert len({name.casefold() for name in names}) == len(named)


def test_field_07_the_input_shows_three_places_and_keeps_three_files() -> None:
    mail = read(field_input("07-inline-images.eml"))
    assert mail.text == "a [image: image.gif] b [image: image.png] c [image: image-2.png]"
    assert [(file.name, file.content_id) for file in mail.files] == [
        ("image.gif", "a@client.example.com"),
        ("image.png", "b@client.example.com"),
        ("image-2.png", "c@client.example.com"),
    ]
