"""A short run of the fuzzer of mails, and what it and others have found."""

from __future__ import annotations

import gzip
from base64 import encodebytes

import pytest
from hypothesis import HealthCheck, given, settings

from application.mail_in.envelope import Envelope
from domain.fate import ReceiptCause
from tests.fuzz.mime import ENVELOPES, MAILS, check

BIG = 28 * 2**20
HEAD = b"From: jo@x.example\r\nSubject: x\r\nMessage-ID: <1@x.example>\r\n"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(MAILS, ENVELOPES)
def test_r_5_1d_whatever_the_mail_it_is_read_within_bounds(raw: bytes, envelope: Envelope) -> None:
    check(raw, envelope)


def attached(content: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    return b"".join(
        (
            HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: " + kind,
            b"; name=x\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n" + content,
            b"\r\n--b--\r\n",
        )
    )


def base64_lines(size: int) -> bytes:
    return (b"QUFB" * 19 + b"\r\n") * (size // 78)


@pytest.mark.parametrize(
    ("raw", "held", "files"),
    [
        (attached(base64_lines(BIG)), None, 1),
        (attached(b"x" * (BIG - 1_000)).replace(b"base64", b"8bit"), None, 0),
        (HEAD + b"\r\n" + b"x" * BIG, None, 0),
        (HEAD + b"\r\n" + b"\n" * BIG, ReceiptCause.TOO_COMPLEX, 0),
        (HEAD + b"X: y\r\n" * 10_000 + b"\r\nhi", ReceiptCause.TOO_COMPLEX, 0),
        (HEAD + b"To: " + b"a@x.example, " * 1_000_000 + b"\r\n\r\nhi", ReceiptCause.TOO_COMPLEX, 0),
        (HEAD + b"To: " + b"a@x.example,\r\n " * 1_000_000 + b"\r\n\r\nhi", ReceiptCause.TOO_COMPLEX, 0),
        (HEAD + b"X" * BIG, ReceiptCause.TOO_COMPLEX, 0),
        (
            HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
            ReceiptCause.TOO_COMPLEX,
            0,
        ),
    ],
    ids=[
        "files",
        "too large files",
        "a line",
        "lines",
        "headers",
        "recipients",
        "folded recipients",
        "no end",
        "parts",
    ],
)
def test_r_5_1d_what_is_huge_is_read_or_clearly_held(raw: bytes, held: ReceiptCause | None, files: int) -> None:
    mail = check(raw)
    assert (mail.held, len(mail.files)) == (held, files)
    assert mail.sender == "jo@x.example"
    assert mail.left == (raw.count(b"8bit") and 1)


def test_a_zip_bomb_is_a_small_file() -> None:
    """Nothing is unpacked: a gigabyte of zeros is the megabyte that came."""
    bomb = gzip.compress(gzip.compress(bytes(2**28)))
    mail = check(attached(encodebytes(bomb), b"application/gzip"))
    assert [file.content for file in mail.files] == [bomb]
