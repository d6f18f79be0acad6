"""Signed addresses: they identify the case of a reply and the mail of a bounce (`intake.md`, E-mail).

Each is the desk's mailbox with a signed part after a plus sign. Mail servers may change the case of letters, so the
part is in base 32 (RFC 4648). The local part has at most 64 characters (RFC 5321, 4.5.3.1.1). The read methods
accept any input, return at once, and raise nothing.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from hashlib import sha256
from uuid import UUID

_REPLY, _BOUNCE, _SUBJECT, _CUSTOMER, _DESK = b"reply", b"bounce", b"subject", b"customer", b"desk"
_SIGNED = 25
"""Bytes of a signed part, MAC included: 40 characters without padding."""
_NUMBER, _WHO, _SUBJECT_MAC = 8, 5, 8
LONGEST_LOCAL = 64 - len("+r") - _SIGNED * 8 // 5
"""Most characters that a mailbox may have before its @."""
LOOP_HEADER = "X-Caseledger-Loop"
_LONGEST_ADDRESS, _LONGEST_SUBJECT = 320, 2_000

_CASE = re.compile(r"INC-([0-9]{7,18})")
_TOKEN = re.compile(r"(?P<case>INC-[0-9]{7,18})#[a-z2-7]{13}(?![a-z0-9])", re.IGNORECASE | re.ASCII)
_PART = re.compile(r"(?P<kind>[rb])(?P<signed>[a-z2-7]{40})", re.ASCII)


class Addresses:
    """Writes and reads the addresses of one mailbox under one secret. Raises ValueError for a mailbox too long."""

    def __init__(self, secret: bytes, mailbox: str) -> None:
        self._secret = secret
        self._local, _, self._domain = mailbox.rpartition("@")
        self.mailbox = mailbox
        if not self._local or len(self._local) > LONGEST_LOCAL:
            raise ValueError(
                f"a mailbox of at most {LONGEST_LOCAL} characters before the @ has room for signed replies"
            )

    @property
    def domain(self) -> str:
        """The domain after the @, and in every Message-ID of ours."""
        return self._domain

    def reply_to(self, case: str, customer: str) -> str:
        """Return the reply address of a customer and case. Raises ValueError for an invalid case number."""
        return self._address("r", _REPLY, _number(case) + self._who(customer))

    def read_reply(self, address: str) -> tuple[str, str] | None:
        """Return the case and the customer's `digest_of` from a reply address of ours, or None."""
        said = self._read("r", _REPLY, address, _NUMBER + _WHO)
        return None if said is None else (_case(said[:_NUMBER]), said[_NUMBER:].hex())

    def digest_of(self, customer: str) -> str:
        """Return the digest that `read_reply` yields for a customer. It serves only for comparison."""
        return self._who(customer).hex()

    def envelope_from(self, message: UUID) -> str:
        """Return the envelope sender of a mail. Each mail bounces to an address of its own (VERP)."""
        return self._address("b", _BOUNCE, message.bytes)

    def read_envelope(self, address: str) -> UUID | None:
        """Return the mail of ours that bounced to this address, or None."""
        said = self._read("b", _BOUNCE, address, 16)
        return None if said is None else UUID(bytes=said)

    def subject_token(self, case: str) -> str:
        """Return the signed case number for the subject: `INC-0000001#` and 13 characters."""
        number = _number(case)
        return f"{_case(number)}#{_encoded(self._mac(_SUBJECT, number, _SUBJECT_MAC))}"

    def read_subject(self, subject: str) -> str | None:
        """Return the case whose signed number is in a subject; None without one, or with two."""
        cases = {
            found["case"].upper()
            for found in _TOKEN.finditer(subject[:_LONGEST_SUBJECT])
            if _same(found[0].lower(), self.subject_token(found["case"].upper()).lower())
        }
        return cases.pop() if len(cases) == 1 else None

    def root_reference(self, case: str) -> str:
        """Return the Message-ID that all mails of a case reference, so that they form a thread (RFC 5322, 3.6.4)."""
        return f"<{self.subject_token(case)}@{self._domain}>"

    def read_reference(self, message_id: str) -> str | None:
        """Return the case with this `root_reference`, or None. `Register.find` resolves our other Message-IDs."""
        token, _, domain = message_id.strip().removeprefix("<").removesuffix(">").rpartition("@")
        return self.read_subject(token) if domain.lower() == self._domain.lower() else None

    @property
    def desk(self) -> str:
        """The value of `LOOP_HEADER` in every mail of ours."""
        return _encoded(self._mac(_DESK, self._domain.lower().encode(), 10))

    def is_own_loop(self, value: str) -> bool:
        """Whether an incoming `LOOP_HEADER` is ours. Then the mail is our own, and gets no answer."""
        return len(value) <= _LONGEST_ADDRESS and value.isascii() and _same(value.strip().lower(), self.desk)

    def is_ours(self, address: str) -> bool:
        """Whether it is the mailbox, with or without a part after a plus sign."""
        return self._part(address) is not None

    def takes(self, address: str) -> bool:
        """Whether we accept mail for it: the mailbox, and the postmaster (RFC 5321, 4.5.1)."""
        return self.is_ours(address) or address.lower() in ("postmaster", f"postmaster@{self._domain}".lower())

    def _address(self, kind: str, purpose: bytes, said: bytes) -> str:
        signed = said + self._mac(purpose, said, _SIGNED - len(said))
        return f"{self._local}+{kind}{_encoded(signed)}@{self._domain}"

    def _read(self, kind: str, purpose: bytes, address: str, length: int) -> bytes | None:
        found = _PART.fullmatch(self._part(address) or "")
        if found is None or found["kind"] != kind:
            return None
        signed = b32decode(found["signed"].upper())
        said, mac = signed[:length], signed[length:]
        return said if hmac.compare_digest(mac, self._mac(purpose, said, len(mac))) else None

    def _part(self, address: str) -> str | None:
        """Return the part after the plus sign, in lower case; None if it is not an address of this mailbox."""
        if len(address) > _LONGEST_ADDRESS or not address.isascii():
            return None
        local, _, domain = address.strip().lower().rpartition("@")
        mine = self._local.lower()
        if domain != self._domain.lower() or not (local == mine or local.startswith(f"{mine}+")):
            return None
        return local[len(mine) + 1 :]

    def _who(self, customer: str) -> bytes:
        return self._mac(_CUSTOMER, customer.encode("utf-8", "surrogatepass"), _WHO)

    def _mac(self, purpose: bytes, said: bytes, length: int) -> bytes:
        return hmac.digest(self._secret, b"caseledger:" + purpose + b"\0" + said, sha256)[:length]


def _encoded(said: bytes) -> str:
    return b32encode(said).decode().rstrip("=").lower()


def _number(case: str) -> bytes:
    found = _CASE.fullmatch(case)
    if found is None:
        raise ValueError(f"{case!r} is no number of a case")
    return int(found[1]).to_bytes(_NUMBER, "big")


def _case(number: bytes) -> str:
    return f"INC-{int.from_bytes(number, 'big'):07}"


def _same(said: str, ours: str) -> bool:
    return hmac.compare_digest(said.encode(), ours.encode())
