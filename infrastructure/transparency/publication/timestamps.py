"""Timestamps (RFC 3161): an authority outside signs when a checkpoint was there already."""

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
    """Certificates (PEM) of those who may sign timestamps. Raises ValueError, OSError."""
    found = tuple(load_pem_x509_certificates(path.read_bytes()))
    if not any(map(_is_root, found)):
        raise ValueError(f"{path} holds no root certificate, one that its own key signed")
    return found


class TimestampAuthority:
    """One authority; with certificates to trust, its signature is checked, else only what it signed."""

    def __init__(self, url: str, trusted: Sequence[Certificate], post: Post) -> None:
        self.url, self._trusted, self._post = url, trusted, post

    def stamp(self, note: str) -> bytes:
        """The authority's reply about the SHA-256 of a note: a TimeStampResp, checked. Raises NotHeld."""
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
    """That a TimeStampResp is about a note: with a nonce, that it answers this request; with certificates, by whom.

    Raises ValueError.
    """
    try:
        read, digest = decode_timestamp_response(reply), sha256(note.encode()).digest()
        if read.status not in _GRANTED:
            raise ValueError(f"it refused, status {read.status} {' '.join(read.status_string)}".rstrip())
        stamped, imprint = read.tst_info, read.tst_info.message_imprint
        if nonce is not None and stamped.nonce != nonce:
            raise ValueError("its reply is to another request: the nonce differs")
        if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != digest:
            raise ValueError("its reply is about something else: the digest differs")
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
