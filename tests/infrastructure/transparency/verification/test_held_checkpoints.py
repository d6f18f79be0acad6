"""Held copies are read back from whatever they were kept in."""

from __future__ import annotations

from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.mail.catcher import mail_catcher
from infrastructure.transparency.formats.mail_header import HEADER, header_value
from infrastructure.transparency.verification.held_checkpoints import notes_in, read_held
from tests.infrastructure.mail.letters import a_letter
from tests.infrastructure.mail.mail_servers import deliver, postman
from tests.infrastructure.transparency.formats.test_note import cosignature
from tests.infrastructure.transparency.trees import a_log

LOG = a_log(300)
NOTE = LOG.note() + cosignature(LOG.note().partition("\n\n")[0] + "\n", 1_800_000_000).line()
ENCODED = b64encode(NOTE.encode()).decode()


def a_mail(value: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"], mail[HEADER] = "Resolved", value
    mail.set_content("Hello")
    return mail


FORMS = {
    "a note": NOTE,
    "a note from a system that ends lines otherwise": NOTE.replace("\n", "\r\n"),
    "a header's value": ENCODED,
    "with spaces around": f"\n  {ENCODED}\n",
    "as it is folded": "\r\n ".join(header_value(NOTE).split()),
    "with its name": f"{HEADER}: {ENCODED}",
    "with its name in other letters": f"{HEADER.lower()} :\n {header_value(NOTE)}\n",
    "copied without the spaces of its folds": f"{HEADER}: " + header_value(NOTE).replace(" ", "\n"),
    "a mail": a_mail(header_value(NOTE)).as_string(),
    "a mail whose header nobody folded": f"Subject: x\r\n{HEADER}: {ENCODED}\r\n\r\nHello\r\n",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_copy_is_read_from(form: str) -> None:
    assert notes_in(form.encode()) == [NOTE]


def test_a_header_is_folded_where_mails_want_it() -> None:
    raw = a_mail(header_value(NOTE)).as_bytes()
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert b"=?" not in raw


def test_a_mail_that_was_forwarded_as_an_attachment_is_read() -> None:
    forwarded = EmailMessage()
    forwarded["Subject"] = "Fwd"
    forwarded.set_content("See below.")
    forwarded.add_attachment(a_mail(header_value(NOTE)))
    assert notes_in(forwarded.as_bytes()) == [NOTE]


def test_a_mail_through_a_real_server_carries_the_checkpoint_and_is_read_back(tmp_path: Path) -> None:
    """The header is the one that audit.md names: base64 of the signed note, folded."""
    with mail_catcher() as catcher:
        sent = deliver(postman(catcher.port, checkpoint=lambda: NOTE), a_letter())
        deliver(postman(catcher.port), a_letter())
        caught, without = catcher.messages()
    assert b"X-Caseledger-Checkpoint: " in caught.raw
    assert caught.parsed["X-Caseledger-Checkpoint"].replace(" ", "") == ENCODED
    assert sent.raw.encode() == caught.raw
    assert HEADER not in without.parsed, "nothing is sealed yet"
    (tmp_path / "mail.eml").write_bytes(caught.raw)
    assert [held.note for held in read_held([tmp_path / "mail.eml"])] == [NOTE]


def test_a_directory_is_read_whole_and_each_copy_says_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(a_mail(header_value(NOTE)).as_bytes())
    (tmp_path / "a.note").write_text(LOG.note(3), encoding="utf-8")
    (tmp_path / ".c.note.new").write_text("half of a no", encoding="utf-8")
    other = tmp_path / "b.eml"
    assert read_held([tmp_path, other]) == [
        (str(tmp_path / "a.note"), LOG.note(3)),
        (str(other), NOTE),
        (str(other), NOTE),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"Subject: Resolved\r\n\r\nHello\r\n",
        f"{HEADER}:\r\n\r\n".encode(),
        f"{HEADER}: {ENCODED[:-8]}\r\n\r\n".encode(),
        f"{HEADER}: {ENCODED[:20]}-{ENCODED[21:]}\r\n\r\nHello".encode(),
        b64encode(b"hello\n\n\xe2\x80\x94 a AAAAAAA=\n"),
        "hello\n\n— a AAAAAAA=\n".encode(),
        NOTE.encode()[:-1],
    ],
)
def test_what_is_no_copy_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "what"
    path.write_bytes(content)
    for where in (path, tmp_path):
        with pytest.raises(ValueError, match=r"what: (this is neither|the header)"):
            read_held([where])


def test_an_empty_directory_holds_no_copy_and_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it is empty"):
        read_held([tmp_path])
    with pytest.raises(FileNotFoundError):
        read_held([tmp_path / "gone"])


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_is_a_copy_or_a_clear_error(content: bytes) -> None:
    for form in (content, b"Subject: x\n" + content, f"{HEADER}: ".encode() + content):
        with pytest.raises(ValueError, match=r"this is neither|the header"):
            notes_in(form)
