"""The addresses we give away, and know again: whom a reply answers, of which mail a bounce tells (`intake.md`, E-mail).

Each is the desk's mailbox with a part behind a plus sign that only we can write. A mail server on the way may turn
capitals into small letters and back, so the parts are written in base 32 (RFC 4648), and no more than 64 characters
stand before the @ (RFC 5321, 4.5.3.1.1). Whatever the readers are given, they end at once and raise nothing.
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
"""Characters that a mailbox may have before its @."""
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
        """What stands behind the @, and in every Message-ID of ours."""
        return self._domain

    def reply_to(self, case: str, customer: str) -> str:
        """Where this customer's replies about a case go. Raises ValueError for what is no number of a case."""
        return self._address("r", _REPLY, _number(case) + self._who(customer))

    def read_reply(self, address: str) -> tuple[str, str] | None:
        """The case, and the `digest_of` the customer, that an address of ours was made for."""
        said = self._read("r", _REPLY, address, _NUMBER + _WHO)
        return None if said is None else (_case(said[:_NUMBER]), said[_NUMBER:].hex())

    def digest_of(self, customer: str) -> str:
        """What `read_reply` tells of a customer: to be compared, and of no other use."""
        return self._who(customer).hex()

    def envelope_from(self, message: UUID) -> str:
        """Where a mail comes back to that cannot be delivered: each to an address of its own (VERP)."""
        return self._address("b", _BOUNCE, message.bytes)

    def read_envelope(self, address: str) -> UUID | None:
        """The mail of ours that came back."""
        said = self._read("b", _BOUNCE, address, 16)
        return None if said is None else UUID(bytes=said)

    def subject_token(self, case: str) -> str:
        """The number of a case, signed, as it stands in the subject: `INC-0000001#` and 13 characters."""
        number = _number(case)
        return f"{_case(number)}#{_encoded(self._mac(_SUBJECT, number, _SUBJECT_MAC))}"

    def read_subject(self, subject: str) -> str | None:
        """The case whose signed number stands in a subject; None where it is none of ours, or two are."""
        cases = {
            found["case"].upper()
            for found in _TOKEN.finditer(subject[:_LONGEST_SUBJECT])
            if _same(found[0].lower(), self.subject_token(found["case"].upper()).lower())
        }
        return cases.pop() if len(cases) == 1 else None

    def root_reference(self, case: str) -> str:
        """The Message-ID that every mail of a case refers to, so that they form one thread (RFC 5322, 3.6.4)."""
        return f"<{self.subject_token(case)}@{self._domain}>"

    def read_reference(self, message_id: str) -> str | None:
        """The case whose `root_reference` this is. Of other ids of ours `Register.find` tells the mail."""
        token, _, domain = message_id.strip().removeprefix("<").removesuffix(">").rpartition("@")
        return self.read_subject(token) if domain.lower() == self._domain.lower() else None

    @property
    def desk(self) -> str:
        """What every mail of ours says of whose it is, in `LOOP_HEADER`."""
        return _encoded(self._mac(_DESK, self._domain.lower().encode(), 10))

    def is_own_loop(self, value: str) -> bool:
        """Whether a `LOOP_HEADER` that came in is ours: then what came is our own mail, and is not answered."""
        return len(value) <= _LONGEST_ADDRESS and value.isascii() and _same(value.strip().lower(), self.desk)

    def is_ours(self, address: str) -> bool:
        """Whether it is the mailbox, with or without something behind a plus sign."""
        return self._part(address) is not None

    def takes(self, address: str) -> bool:
        """Whether mail for it is taken in: the mailbox, and whoever keeps our mail in order (RFC 5321, 4.5.1)."""
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
        """What stands behind the plus sign, in small letters; None where it is no address of this mailbox."""
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
