"""The people of a simulated desk: who reports, who works, in which team, for which service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import yaml

from application.demo.simulation.chance import Chance
from application.demo.simulation.wording import vocabulary
from application.execution.requests import Request
from domain.values import Actor, Role

INTERFACE = "demo"
"""How the events of a simulation say that they came in."""
SOURCE = "zabbix"
"""The monitoring system whose alerts come in."""
_CASES_OF_A_CUSTOMER = 12
_TECHNICIANS, _MEMBERS = 24, 6


@dataclass(frozen=True)
class Customer:
    """Somebody who reports incidents."""

    name: str
    email: str | None
    phone: str
    agency: str

    @property
    def contact(self) -> dict[str, Any]:
        """How they are reached."""
        return {"name": self.name, "email": self.email, "phone": self.phone}


class People:
    """Everybody at a desk with so many cases."""

    def __init__(self, cases: int) -> None:
        self._customers = max(20, cases // _CASES_OF_A_CUSTOMER)
        told = _catalogue("application.demo"), _catalogue("application.demo.simulation")
        self._document = {
            section: {**told[0].get(section, {}), **told[1].get(section, {})}
            for section in {**told[0], **told[1]}
            if section != "customers"
        }
        self._staff()
        self.services: tuple[str, ...] = tuple(self._document["services"])
        """The service with the most cases first."""
        self.help_desks: tuple[str, ...] = tuple(self._document["help_desks"])

    @property
    def document(self) -> dict[str, Any]:
        """The catalogue, as a catalogue file has it."""
        return self._document

    def _staff(self) -> None:
        """Give each team its members, and everybody their grant."""
        grants = self._document["grants"]
        names = (name for name in _usernames() if name not in grants)
        for code, team in self._document["teams"].items():
            known = list(team.get("members", ()))
            team["members"] = known + [next(names) for _ in range(_MEMBERS - len(known))]
            grants |= {member: {"role": "team_member", "team": code} for member in team["members"]}
        grants |= {next(names): {"role": "technician"} for _ in range(_TECHNICIANS)}
        grants |= {SOURCE: {"role": "intake"}, "mail.gateway": {"role": "intake"}}

    def team_of(self, service: str) -> str:
        """The team that owns a service."""
        team: str = self._document["services"][service]["team"]
        return team

    @cached_property
    def technicians(self) -> tuple[Request, ...]:
        """The technicians of the desk, the busiest first."""
        granted = self._document["grants"].items()
        return tuple(
            Request(Actor(who, Role.TECHNICIAN), INTERFACE) for who, told in granted if told["role"] == "technician"
        )

    @cached_property
    def _members(self) -> dict[str, tuple[Request, ...]]:
        return {
            code: tuple(Request(Actor(who, Role.TEAM_MEMBER, code), INTERFACE) for who in team["members"])
            for code, team in self._document["teams"].items()
        }

    def member(self, team: str, chance: Chance) -> Request:
        """Somebody of a team."""
        return chance.by_rank(self._members[team])

    @cached_property
    def known_errors(self) -> dict[str, list[dict[str, Any]]]:
        """The published known errors by service."""
        found: dict[str, list[dict[str, Any]]] = {}
        for told in self._document["known_errors"].values():
            found.setdefault(told["service"], []).append(told)
        return found

    @cached_property
    def scripts(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The script of a service, and its steps."""
        told = self._document["scripts"].items()
        return {script["service"]: (code, tuple(step["id"] for step in script["steps"])) for code, script in told}

    def customer(self, chance: Chance) -> Customer:
        """Somebody: a few report most."""
        return self._customer(int(self._customers * chance.random() ** 3))

    def _customer(self, place: int) -> Customer:
        lists, mixed = vocabulary(), Chance(place)
        first, last = mixed.by_rank(lists["first"]), mixed.by_rank(lists["last"])
        agency = mixed.by_rank(lists["agencies"])
        email = f"{first}.{last}{place}@{agency}.example".lower() if mixed.happens(0.93) else None
        return Customer(f"{first} {last}", email, f"405-555-{place % 10_000:04d}", agency)


def _catalogue(package: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(files(package).joinpath("catalogue.yaml").read_text(encoding="utf-8"))
    return document


def _usernames() -> list[str]:
    """Names of accounts, each once."""
    lists = vocabulary()
    firsts, lasts = lists["first"], lists["last"]
    return list(dict.fromkeys(f"{firsts[n % len(firsts)][0]}.{last}".lower() for n, last in enumerate(lasts)))
