"""Opaque, signed keyset cursors: bound to the question they continue, and to nothing a client could alter."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Any

from api.http.problems import Problem


class Cursors:
    """Makes and reads cursors, signed with a secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, question: str, key: tuple[Any, ...]) -> str:
        """The cursor for what comes after ``key`` in the answer to ``question``."""
        payload = json.dumps(list(key), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(question, payload) + payload).decode().rstrip("=")

    def read(self, question: str, cursor: str) -> tuple[Any, ...]:
        """The key in a cursor. Raises Problem `invalid-cursor` for a cursor of another question, or an altered one."""
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise Problem("invalid-cursor", "the cursor cannot be read") from None
        mac, payload = raw[:16], raw[16:]
        if not hmac.compare_digest(mac, self._mac(question, payload)):
            raise Problem("invalid-cursor", "the cursor belongs to another question, or was altered")
        return tuple(json.loads(payload))

    def _mac(self, question: str, payload: bytes) -> bytes:
        return hmac.digest(self._secret, question.encode() + b"\0" + payload, "sha256")[:16]
