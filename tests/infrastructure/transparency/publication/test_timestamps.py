"""Timestamps by a real authority, `openssl ts`, and replies that do not fit (RFC 3161)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rfc3161_client import decode_timestamp_response

from infrastructure.transparency.publication.http_client import HttpClient, NotHeld
from infrastructure.transparency.publication.timestamps import TimestampAuthority, trusted_certificates
from tests.infrastructure.transparency.outsiders import Heard, OpensslAuthority, Site, http_site
from tests.infrastructure.transparency.trees import a_log

NOTE = a_log(5).note()
REPLY = "application/timestamp-reply"


def a_client(site: Site, ca: Path | None) -> TimestampAuthority:
    return TimestampAuthority(site.url, trusted_certificates(ca) if ca else (), HttpClient().post)


def test_an_authoritys_reply_is_checked_and_openssl_finds_it_right_as_well(authority: OpensslAuthority) -> None:
    with http_site(authority.answer) as site:
        reply = a_client(site, authority.ca).stamp(NOTE)
    assert "Verification: OK" in authority.verify(reply, NOTE.encode())
    assert "Verification: FAILED" in authority.verify(reply, NOTE.encode() + b"\n")


def test_each_request_has_a_nonce_of_its_own(authority: OpensslAuthority) -> None:
    with http_site(authority.answer) as site:
        replies = [decode_timestamp_response(a_client(site, authority.ca).stamp(NOTE)) for _ in range(2)]
    assert len({reply.tst_info.nonce for reply in replies}) == 2
    assert {heard.kind for heard in site.heard} == {"application/timestamp-query"}


def test_an_authority_that_is_not_trusted_is_refused_and_without_certificates_only_what_it_signed_is_checked(
    authority: OpensslAuthority, tmp_path: Path
) -> None:
    impostor = OpensslAuthority(tmp_path)
    with http_site(impostor.answer) as site:
        with pytest.raises(NotHeld, match="certificate"):
            a_client(site, authority.ca).stamp(NOTE)
        assert a_client(site, None).stamp(NOTE)


def another_note(authority: OpensslAuthority) -> Callable[[Heard], tuple[int, dict[str, str], bytes]]:
    """A reply to the last request but one: right in itself."""
    before: list[bytes] = []

    def answer(heard: Heard) -> tuple[int, dict[str, str], bytes]:
        before.append(heard.body)
        return authority.answer(Heard(heard.path, heard.kind, before[0]))

    return answer


def test_a_reply_to_another_request_is_refused(authority: OpensslAuthority) -> None:
    with http_site(another_note(authority)) as site:
        client = a_client(site, authority.ca)
        client.stamp(NOTE)
        with pytest.raises(NotHeld, match="the nonce differs"):
            client.stamp(NOTE)


def test_a_reply_about_another_note_is_refused(authority: OpensslAuthority) -> None:
    def answer(heard: Heard) -> tuple[int, dict[str, str], bytes]:
        digest = bytes.fromhex(authority.openssl("dgst", "-sha256", "-r", "note").stdout.split()[0])
        assert digest in heard.body, "the request is about the note's SHA-256"
        return authority.answer(Heard(heard.path, heard.kind, heard.body.replace(digest, bytes(32))))

    (authority.folder / "note").write_text(NOTE, encoding="utf-8", newline="")
    with http_site(answer) as site, pytest.raises(NotHeld, match="the digest differs"):
        a_client(site, authority.ca).stamp(NOTE)


def test_a_reply_that_was_touched_is_refused(authority: OpensslAuthority) -> None:
    """The last byte is of the signature."""

    def answer(heard: Heard) -> tuple[int, dict[str, str], bytes]:
        reply = authority.reply(heard.body)
        return 200, {"Content-Type": REPLY}, reply[:-1] + bytes([reply[-1] ^ 1])

    with http_site(answer) as site, pytest.raises(NotHeld):
        a_client(site, authority.ca).stamp(NOTE)


def test_a_refusal_says_so(authority: OpensslAuthority) -> None:
    """A request for a digest that the authority does not take is answered with status 2."""
    sha512 = authority.openssl("ts", "-query", "-digest", "00" * 64, "-sha512", "-out", "other.tsq")
    assert sha512.returncode == 0
    refused = authority.reply((authority.folder / "other.tsq").read_bytes())
    with http_site(lambda _: (200, {"Content-Type": REPLY}, refused)) as site, pytest.raises(NotHeld, match="status 2"):
        a_client(site, None).stamp(NOTE)


@pytest.mark.parametrize(
    ("status", "kind", "body", "said"),
    [
        (500, REPLY, b"", "answered 500"),
        (200, "text/html", b"<p>hello", "text/html"),
        (200, REPLY, b"", "timestamp authority"),
        (200, REPLY, b"not DER", "timestamp authority"),
    ],
)
def test_what_is_no_reply_is_refused(status: int, kind: str, body: bytes, said: str) -> None:
    with http_site(lambda _: (status, {"Content-Type": kind}, body)) as site, pytest.raises(NotHeld, match=said):
        a_client(site, None).stamp(NOTE)


def test_certificates_to_trust_must_have_a_root_among_them(authority: OpensslAuthority, tmp_path: Path) -> None:
    assert len(trusted_certificates(authority.ca)) == 1
    with pytest.raises(ValueError, match="no root certificate"):
        trusted_certificates(authority.folder / "tsa.pem")
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ValueError, match="PEM"):
        trusted_certificates(tmp_path / "empty.pem")
