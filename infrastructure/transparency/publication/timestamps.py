"""Timestamps (RFC 3161): an authority outside signs that a checkpoint existed at a time."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from infrastructure.transparency.publication.http_client import NotHeld, Post

_SHA256 = "2.16.840.1.101.3.4.2.1"
_GRANTED = (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)


def trusted_certificates(path: Path) -> tuple[Certificate, ...]:
    """The certificates (PEM) that timestamps are checked with. Raises ValueError without a root certificate, OSError."""
    found = tuple(load_pem_x509_certificates(path.read_bytes()))
    if not any(map(_is_root, found)):
        raise ValueError(f"{path} holds no root certificate (one that its own key signed)")
    return found


class TimestampAuthority:
    """One authority. Without certificates to trust, only the content of its replies is checked, not the signature."""

    def __init__(self, url: str, trusted: Sequence[Certificate], post: Post) -> None:
        self.url, self._trusted, self._post = url, trusted, post

    def stamp(self, note: str) -> bytes:
        """The authority's TimeStampResp about the SHA-256 of a note, checked. Raises NotHeld."""
        request = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).nonce().build()
        answer = self._post(self.url, request.as_bytes(), "application/timestamp-query")
        if answer.status != 200 or answer.kind != "application/timestamp-reply":
            raise NotHeld(f"the timestamp authority {self.url} answered {answer.status} ({answer.kind or 'no type'})")
        try:
            check_reply(answer.body, note, self._trusted, request.nonce)
        except ValueError as error:
            raise NotHeld(f"the timestamp authority {self.url}: {error}") from error
        return answer.body


def check_reply(reply: bytes, note: str, trusted: Sequence[Certificate], nonce: int | None = None) -> None:
    """Raise ValueError unless a TimeStampResp is about a note.

    A ``nonce`` must be that of the request. With ``trusted`` certificates the signature is checked too.
    """
    try:
        read, digest = decode_timestamp_response(reply), sha256(note.encode()).digest()
        if read.status not in _GRANTED:
            raise ValueError(f"it refused with status {read.status} {' '.join(read.status_string)}".rstrip())
        stamped, imprint = read.tst_info, read.tst_info.message_imprint
        if nonce is not None and stamped.nonce != nonce:
            raise ValueError("its reply is to another request: the nonce differs")
        if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != digest:
            raise ValueError("its reply is about another document: the digest differs")
        if trusted:
            verifier = VerifierBuilder(
                nonce=nonce,
                roots=[certificate for certificate in trusted if _is_root(certificate)],
                intermediates=[certificate for certificate in trusted if not _is_root(certificate)],
            ).build()
            verifier.verify(read, digest)
    except VerificationError as error:
        raise ValueError(str(error)) from error


def _is_root(certificate: Certificate) -> bool:
    return certificate.issuer == certificate.subject
