"""Pseudonyms: a stable, keyed id for each address. The public record reveals nothing of the address."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from application.execution.attempt import Words
from application.ports import Register


class Pseudonyms:
    """Gives people their ids."""

    def __init__(self, register: Register, random: Callable[[int], bytes]) -> None:
        self._register, self._random = register, random

    async def of(self, contact: Words) -> str:
        """Return the id for a contact's address, or a new id for a contact without an address."""
        address = contact.get("email") or contact.get("phone")
        if not address:
            return self._random(16).hex()
        said = str(address).strip().casefold().encode()
        return hmac.digest(await self._register.pseudonym_key(), said, "sha256")[:16].hex()
