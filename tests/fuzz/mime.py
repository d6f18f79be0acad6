"""Fuzzing what reads mails: no crash, no hang, no memory without end (issue 5).

python -m tests.fuzz.mime [SECONDS]: for ten minutes, or so many seconds. What is found is printed, and is exit 1.
"""

from __future__ import annotations

import faulthandler
import random
import resource
import sys
import time
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from application.mail_in.envelope import NO_ENVELOPE, Envelope
from application.mail_in.parsing import LONGEST_TEXT, Mail, read_mail
from application.mail_in.parsing.intent import intent_of
from application.mail_out.addresses import Addresses
from tests.acceptance.mail.corpus import corpus

OURS = Addresses(bytes(32), "service-desk@caseledger.example")
LARGEST = 2 * 2**20
"""Bytes of a mail here: what takes time by a square takes minutes over so many."""
_PATIENCE, _MEMORY = 60, 3 * 2**30
"""Seconds after which a mail hangs, bytes that reading it may take."""

NAMES = st.sampled_from(
    [
        *(b"From", b"To", b"Cc", b"Subject", b"Message-ID", b"In-Reply-To", b"References", b"Return-Path", b"Received"),
        *(b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"MIME-Version", b"Date", b"Sender"),
        *(b"Auto-Submitted", b"Precedence", b"List-Id", b"X-Caseledger-Loop", b"X-Failed-Recipients", b"Delivered-To"),
        *(b"Content-ID", b"Content-Description", b"Reply-To", b"From ", b"X", b""),
    ]
)
SEEDS = st.sampled_from(
    [
        *(
            b"(",
            b")",
            b"<",
            b">",
            b'"',
            b"\\",
            b",",
            b";",
            b"=",
            b"@",
            b".",
            b":",
            b"[",
            b"]",
            b"?",
            b" ",
            b"\t",
            b"\r\n ",
        ),
        *(b"=?utf-8?q?", b"=?utf-8?b?", b"?=", b"=?x?", b"=\xff", b"%", b"*0*=", b"*1=", b"filename*=utf-8''", b"\0"),
        *(
            b"boundary=",
            b"boundary=b",
            b"charset=",
            b"name=",
            b"a=b;",
            b"multipart/mixed",
            b"message/rfc822",
            b"text/html",
        ),
        *(
            b"text/plain",
            b"multipart/report",
            b"message/delivery-status",
            b"application/x-gzip",
            b"attachment",
            b"inline",
        ),
        *(
            b"base64",
            b"quoted-printable",
            b"x-uuencode",
            b"begin 644 x\r\n",
            b"--b",
            b"--b--",
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
        ),
        *(
            b"<a ",
            b"<font size=1>",
            b"<div>",
            b"<blockquote>",
            b"<script>",
            b"</",
            b"<!--",
            b"&#",
            b"&amp;",
            b"<table>",
            b"<svg>",
        ),
        *(
            b"On Mon, x wrote:\r\n",
            b"> ",
            b"-----Original Message-----\r\n",
            b"From: a\r\nSent: b\r\nTo: c\r\n",
            b"____________",
        ),
        *(
            b"Action: failed\r\n",
            b"Status: 5.1.1\r\n",
            b"<x@caseledger.example>",
            b"550 5.1.1 ",
            b"INC-0000001",
            b"a@x.example",
        ),
        *(
            b"still broken ",
            b"thanks ",
            b"not not not ",
            b"\xc3\xa9",
            b"\xe2\x80\xae",
            b"\xff\xfe",
            b"+2AA-",
            b"\x1b$B",
            b"A" * 70,
        ),
        *(b"iso-2022-jp", b"utf-7", b"utf-16", b"idna", b"punycode", b"unicode_escape", b"big5", b"klingon"),
    ]
)
RUNS = st.builds(
    lambda piece, times: (piece * times)[:150_000], SEEDS, st.sampled_from([1, 1, 1, 2, 5, 50, 500, 20_000, 200_000])
)
VALUES = st.lists(RUNS | st.binary(max_size=30), max_size=6).map(b"".join)
HEADERS = st.lists(st.builds(lambda name, value: name + b": " + value, NAMES, VALUES), max_size=12).map(b"\r\n".join)


def _nested(head: bytes, body: bytes, boundary: bytes, kind: bytes, times: int) -> bytes:
    part = head + b"\r\n\r\n" + body
    for level in range(times):
        mark = boundary + b"%d" % level
        outer = b"Content-Type: " + kind + b"; boundary=" + mark + b"\r\n\r\n--" + mark + b"\r\n"
        part = outer + part + b"\r\n--" + mark + b"--\r\n"
    return part


KINDS = st.sampled_from([b"multipart/mixed", b"multipart/alternative", b"multipart/report", b"message/rfc822"])
MADE = st.builds(
    _nested, HEADERS, VALUES, st.sampled_from([b"b", b"=_", b""]), KINDS, st.sampled_from([0, 0, 1, 2, 9, 60])
)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A real mail with a hole in it, a piece of another, or what no mail has."""
    try:
        real = list(corpus().values())
    except FileNotFoundError:
        return draw(MADE)
    raw = draw(st.sampled_from(real))
    for _ in range(draw(st.integers(1, 4))):
        here = draw(st.integers(0, len(raw)))
        there = min(len(raw), here + draw(st.sampled_from([0, 0, 1, 10, 300])))
        other = draw(st.sampled_from(real))
        start = draw(st.integers(0, len(other)))
        piece = draw(RUNS | st.binary(max_size=20) | st.just(other[start : start + 500]))
        raw = raw[:here] + piece + raw[there:]
    return raw


MAILS = (
    st.builds(lambda head, rest: head + b"\r\n" + rest, HEADERS, MADE) | MADE | broken() | st.binary(max_size=2_000)
).map(lambda raw: raw[:LARGEST])
ENVELOPES = st.just(NO_ENVELOPE) | st.builds(
    Envelope, st.none() | st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3).map(tuple)
)


def check(raw: bytes, envelope: Envelope = NO_ENVELOPE) -> Mail:
    """Read a mail; what is said of it is text that can be stored, within its bounds, and the same each time."""
    mail = read_mail(raw, envelope, OURS)
    assert len(mail.text) + len(mail.quoted) <= LONGEST_TEXT
    said = "".join(filter(None, (mail.text, mail.quoted, mail.subject, mail.name, mail.sender, mail.message_id)))
    said.encode()
    assert "\0" not in said
    assert len(mail.files) <= 50
    assert sum(len(each.content) for each in mail.files) <= 2 * len(raw) + 1_000
    intent_of(mail.text)
    return mail


def main() -> None:
    """Fuzz until the time is over."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    ends, mails, slowest = time.monotonic() + seconds, 0, (0.0, b"")

    def one(raw: bytes, envelope: Envelope) -> None:
        nonlocal mails, slowest
        faulthandler.dump_traceback_later(_PATIENCE, exit=True)
        began = time.monotonic()
        check(raw, envelope)
        slowest, mails = max(slowest, (time.monotonic() - began, raw[:80])), mails + 1
        faulthandler.cancel_dump_traceback_later()

    for number in fresh_seeds():
        if time.monotonic() > ends:
            break
        run = settings(
            max_examples=500,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        seed(number)(run(given(MAILS, ENVELOPES)(one)))()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{mails} mails in {seconds:g} s; peak {peak} MiB; slowest {slowest[0]:.2f} s: {slowest[1]!r}")  # noqa: T201


def fresh_seeds() -> Iterator[int]:
    """Others in each run, so that one run finds what another has not."""
    while True:
        yield random.SystemRandom().getrandbits(64)


if __name__ == "__main__":
    main()
