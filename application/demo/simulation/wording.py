"""What people of a simulated desk write: sentences of a real vocabulary, and names of things that occur once."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import yaml

from application.demo.simulation.chance import Chance

_SLOT = re.compile(r"\{(\w+)\}")
Lists = dict[str, tuple[str, ...]]


@cache
def vocabulary() -> Lists:
    """Words and sentences by list, the most frequent first."""
    said = yaml.safe_load(files("application.demo.simulation").joinpath("vocabulary.yaml").read_text(encoding="utf-8"))
    return {
        name: tuple(dict.fromkeys(told.split())) if isinstance(told, str) else tuple(told)
        for name, told in said.items()
    }


@cache
def _parts(sentence: str) -> tuple[str, ...]:
    """A sentence as text and slots by turns."""
    return tuple(_SLOT.split(sentence))


class Wording:
    """Makes the words of one case. Things that occur once, such as its asset, stay the same in all of them."""

    def __init__(self, chance: Chance) -> None:
        self._chance, self._lists = chance, vocabulary()
        self._things: dict[str, str] = {}
        self._made: dict[str, Callable[[], str]] = {
            "asset": lambda: f"{chance.choice(_SITES)}-{chance.getrandbits(20):07d}",
            "host": lambda: f"{chance.by_rank(_HOSTS)}{chance.getrandbits(16):05d}",
            "code": lambda: f"{chance.by_rank(_CODES)}{chance.getrandbits(28):07x}",
            "room": lambda: f"{chance.by_rank(self._lists['building'])} {chance.getrandbits(10):04d}",
            "person": lambda: f"{chance.by_rank(self._lists['first'])} {chance.by_rank(self._lists['last'])}",
        }

    @property
    def asset(self) -> str:
        """The device that the case is about."""
        return self._word("asset")

    @property
    def host(self) -> str:
        """The machine that the case is about."""
        return self._word("host")

    def one(self, name: str) -> str:
        """A sentence of a list."""
        return self._filled(self._chance.by_rank(self._lists[name]))

    def report(self) -> dict[str, str | None]:
        """Subject, description and perhaps symptoms of a report."""
        chance = self._chance
        sentences = ["openings", *["details"] * (1 + chance.getrandbits(2)), "endings"]
        return {
            "subject": self.one("subjects"),
            "description": " ".join(map(self.one, sentences)),
            "symptoms": self.one("symptoms") if chance.happens(0.4) else None,
            "location": self._word("room") if chance.happens(0.5) else None,
            "asset": self.asset,
        }

    def _filled(self, sentence: str) -> str:
        parts = list(_parts(sentence))
        for place in range(1, len(parts), 2):
            parts[place] = self._word(parts[place])
        return "".join(parts)

    def _word(self, name: str) -> str:
        if name == "words":
            return ", ".join(self._chance.by_rank(self._lists[name]) for _ in range(4))
        if (make := self._made.get(name)) is None:
            return self._chance.by_rank(self._lists[name])
        if name not in self._things:
            self._things[name] = make()
        return self._things[name]


_SITES = ("OKC", "TUL", "NRM", "LAW", "END", "STW", "EDM", "MWC", "MOR", "BRA", "MUS", "SHA", "PON", "ARD", "DUN")
_HOSTS = ("ws", "prn", "srv", "nb", "sw", "db", "ap", "rt", "fs", "vm", "kiosk", "tel", "cam", "bkp", "web")
_CODES = ("0x8", "E", "ERR-", "0xC", "ORA-", "HTTP-", "SQL-", "AUTH-", "NET-", "LIC-")
