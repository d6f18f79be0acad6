"""A stable id for a person known by an address: keyed, so that the public record tells nothing of it."""

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
        """The id of whoever is reached by an address; a new one for somebody without any."""
        address = contact.get("email") or contact.get("phone")
        if not address:
            return self._random(16).hex()
        said = str(address).strip().casefold().encode()
        return hmac.digest(await self._register.pseudonym_key(), said, "sha256")[:16].hex()
