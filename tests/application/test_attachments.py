"""Files of a case: what they are by their content, what they are called, what the policy takes, and what becomes of them."""

from __future__ import annotations

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from secrets import token_bytes

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.administration.catalogue import OPERATOR
from application.cases.attachments import TEXT, UNKNOWN, File, check_file, harmless_name, keep_what_may_be, type_of
from application.desk import Desk
from application.execution.attempt import Attempt
from domain.case import Case
from domain.errors import AttachmentRefused, AttachmentsFull, AttachmentTooLarge, DomainError, Erased, Invalid
from domain.policy import LARGEST_ATTACHMENT, first_policy
from domain.values import ErasureScope
from tests import four_eyes
from tests.application.cases import TECHNICIAN, log
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, grant_everybody

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
BIG = token_bytes(3_000_000)
POLICY = first_policy()


def blobs(database: TestDatabase) -> int:
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute("SELECT count(*) FROM vault.blobs").fetchone()
        return row[0] if row else -1


def text(name: str, content: bytes = b"a log") -> File:
    return File(name, "text/plain", content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\3\4" + bytes(40), "application/zip"),
        (b"<!doctype html><script>alert(1)</script>", TEXT),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", TEXT),
        ("gr\u00fc\u00df dich\n".encode(), TEXT),
        ("gr\u00fc\u00df dich\n".encode("latin-1"), UNKNOWN),
        (b"a" * 65_535 + "\u20ac".encode(), TEXT),
        (b"a" * 65_535 + "\u20ac".encode()[:2], UNKNOWN),
        (b"a" * 100_000 + b"\0", UNKNOWN),
        (bytes(range(256)), UNKNOWN),
        (b"#!/bin/sh\nrm -rf /\n", "application/x-shellscript"),
        (b"MZ\x90\0\3\0\0\0", "application/x-msdownload"),
        (b"\x7fELF\2\1\1" + bytes(50), "application/x-executable"),
    ],
)
def test_a_type_follows_from_the_content(content: bytes, kind: str) -> None:
    assert type_of(content) == kind


def test_the_look_at_a_large_file_takes_no_memory_to_speak_of() -> None:
    content = "\U0001f5a8".encode() * (LARGEST_ATTACHMENT // 4)
    tracemalloc.start()
    try:
        assert type_of(content) == TEXT
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400))
def test_no_content_confuses_the_look_at_it(content: bytes) -> None:
    assert "/" in type_of(content)
    assert "/" in type_of(b"PK\3\4" + content)
    assert "/" in type_of(b"\0\0\0\x18ftyp" + content)


@pytest.mark.parametrize(
    ("given_name", "harmless"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"),
        ("report\u202egpj.exe", "reportgpj.exe"),
        ('"; filename="x.html', "_; filename=_x.html"),
        ("con.txt", "_con.txt"),
        ("..", "attachment"),
        ("\0", "attachment"),
        ("\ud800x.txt", "x.txt"),
        ("r" * 500 + ".pdf", "r" * 146 + ".pdf"),
        ("na\u00efve plan.pdf", "na\u00efve plan.pdf"),
    ],
)
def test_a_name_is_made_harmless(given_name: str, harmless: str) -> None:
    assert harmless_name(given_name) == harmless


@given(st.text(max_size=300))
def test_every_name_is_made_harmless_once_and_for_all(given_name: str) -> None:
    name = harmless_name(given_name)
    assert 1 <= len(name) <= 151
    assert not set(name) & set('/\\<>:"|?*\0\r\n')
    assert harmless_name(name) == name


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (text("a.txt", b""), Invalid),
        (text("a.txt", bytes(LARGEST_ATTACHMENT + 1)), AttachmentTooLarge),
        (text("a.txt.exe"), AttachmentRefused),
        (text("A.EXE. "), AttachmentRefused),
        (text("photo.png", b"MZ\x90\0\3\0\0\0"), AttachmentRefused),
        (File("a.txt", "Application/X-MSDownload; x=y", b"a log"), AttachmentRefused),
    ],
)
def test_what_the_policy_does_not_take_is_refused(file: File, why: type[Exception]) -> None:
    with pytest.raises(why):
        check_file(file, POLICY)


def test_an_attachment_may_have_25_mib(desk: BlockingDesk) -> None:
    number = log(desk)
    content = token_bytes(LARGEST_ATTACHMENT)
    desk.attachments.attach(number, [File("disk.bin", "", content)], False, TECHNICIAN)
    ((attachment,),) = [desk.records.case(number, TECHNICIAN.actor).attachments]

    async def given_out(desk: Desk) -> bytes:
        _, pieces = await desk.attachments.open(number, attachment.said.digest, TECHNICIAN.actor)
        return b"".join([piece async for piece in pieces])

    assert desk.run(given_out) == content


def test_the_policy_bounds_how_many_and_how_much(desk: BlockingDesk, database: TestDatabase) -> None:
    desk.policy.adopt(OPERATOR)
    desk.policy.change(lambda policy: replace(policy, attachments_per_case=3, attachments_total=20), "less", OPERATOR)
    number = log(desk)
    desk.attachments.attach(number, [text("1", b"1234567890"), text("2", b"12345")], False, TECHNICIAN)
    for files in ([text("3", b"123456")], [text("3", b"1"), text("4", b"2")]):
        with pytest.raises(AttachmentsFull):
            desk.attachments.attach(number, files, False, TECHNICIAN)
    desk.attachments.attach(number, [text("3", b"12345")], False, TECHNICIAN)
    assert blobs(database) == 3


def test_of_several_files_those_are_kept_that_may_be(desk: BlockingDesk, database: TestDatabase) -> None:
    number, found = log(desk), list[tuple[File, DomainError]]()
    files = [text("a.txt"), text("b.exe"), text("c.txt", b""), File("d.png", "image/png", PNG)]

    def decide(case: Case, on: Attempt) -> None:
        found[:] = keep_what_may_be(case, files, on, visible_to_customer=True)

    desk.runner.on_case("attach", number, TECHNICIAN, decide)
    assert [file.name for file, _ in found] == ["b.exe", "c.txt"]
    kept = desk.records.case(number, TECHNICIAN.actor).attachments
    assert [each.said.text("name") for each in kept] == ["a.txt", "d.png"]
    assert blobs(database) == 2


def test_events_hold_digests_only(desk: BlockingDesk, database: TestDatabase) -> None:
    desk.attachments.attach(log(desk), [text("salary of jo.txt", b"secret words")], False, TECHNICIAN)
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute("SELECT state FROM ledger.stored_events WHERE topic = 'case.attached'").fetchone()
    assert row is not None
    assert not [word for word in (b"salary", b"secret", b"text/plain", b"size") if word in row[0]]


def test_what_is_refused_leaves_no_file(desk: BlockingDesk, database: TestDatabase) -> None:
    """Two want the same version: the one that loses is decided anew, and its file is kept once."""
    number = log(desk)
    with open_desk(database) as other, ThreadPoolExecutor(2) as both:
        list(both.map(lambda d: d.attachments.attach(number, [text("a.bin", BIG)], False, TECHNICIAN), (desk, other)))
    assert len(desk.records.case(number, TECHNICIAN.actor).attachments) == 2
    assert blobs(database) == 2


def test_others_go_on_while_a_file_is_on_its_way(desk: BlockingDesk, database: TestDatabase) -> None:
    number = log(desk)
    with psycopg.connect(database.superuser) as holding:
        holding.execute("LOCK vault.blobs IN SHARE MODE")  # as if the file took for ever
        attaching = threading.Thread(target=desk.attachments.attach, args=(number, [text("a.txt")], False, TECHNICIAN))
        attaching.start()
        with psycopg.connect(database.superuser, autocommit=True) as superuser:
            waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'vault.blobs'::regclass"
            while superuser.execute(waiting).fetchone() is None:
                assert attaching.is_alive()
        desk.logging.note(number, "in the meantime", visible_to_customer=False, request=TECHNICIAN)
    attaching.join(30)
    case = desk.records.case(number, TECHNICIAN.actor)
    assert (len(case.attachments), case.version) == (1, 3)


@pytest.mark.parametrize("scope", list(ErasureScope))
def test_a_file_is_erased_with_what_was_said_of_it(database: TestDatabase, scope: ErasureScope) -> None:
    with open_desk(database, component="eraser") as desk:
        grant_everybody(desk)
        number = log(desk)
        desk.attachments.attach(number, [text("a.txt")], True, TECHNICIAN)
        other = log(desk, contact={"name": "Sam", "email": "sam@agency.example"})
        desk.attachments.attach(other, [text("b.txt")], True, TECHNICIAN)
        told = four_eyes.erase(desk, "jo.field@agency.example", scope)
        assert dict(told.by_kind)["attachment"] == 1
        assert blobs(database) == 1
        (attachment,) = desk.records.case(number, TECHNICIAN.actor).attachments
        with pytest.raises(Erased):
            desk.attachments.open(number, attachment.said.digest, TECHNICIAN.actor)


def test_nobody_changes_a_file(desk: BlockingDesk, database: TestDatabase) -> None:
    desk.attachments.attach(log(desk), [text("a.txt")], True, TECHNICIAN)
    for role in ("api", "mail", "processes", "eraser", "auditor", "projector"):
        for change in ("UPDATE vault.blobs SET content = 'x'", "DELETE FROM vault.blobs", "TRUNCATE vault.blobs"):
            with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())
    with psycopg.connect(database.superuser) as superuser, pytest.raises(psycopg.errors.InsufficientPrivilege):
        superuser.execute("UPDATE vault.blobs SET content = 'x'")
