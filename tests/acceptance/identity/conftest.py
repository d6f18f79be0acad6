"""A desk whose people and programs come from the issuer, and whose clock for its keys stands still until it is moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from application.administration.catalogue import OPERATOR
from domain.values import Role
from infrastructure.identity import tokens
from infrastructure.identity.jwks import KeySet
from tests.acceptance.conftest import RunningDesk, served
from tests.acceptance.identity.issuer import SECRET, Issuer, installed
from tests.conftest import TestDatabase

GRANTED = (
    ("o.connect", Role.TECHNICIAN, None),
    ("tool", Role.TEAM_MEMBER, "network"),
    ("figures", Role.REPORTER, None),
)
PEOPLE: dict[str, dict[str, Any]] = {
    "o.connect": {"roles": ["technician"]},
    "tool": {"roles": ["team_member", "offline_access"], "team": "network"},
    "figures": {"roles": ["reporter"]},
    "no.grant": {"roles": ["technician"]},
    "stranger": {},
}


@dataclass
class Seconds:
    """The clock that says how old the keys are."""

    now: float = 1_000.0

    def pass_by(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += seconds


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    """The issuer, at work."""
    made = Issuer(installed(), tmp_path / "issuer.log", PEOPLE, ("tool", "figures", "no.grant", "stranger"))
    try:
        made.begin()
        yield made
    finally:
        made.close()


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    """The clock of the desk's known keys."""
    made = Seconds()
    monkeypatch.setattr(tokens, "KeySet", partial(KeySet, monotonic=lambda: made.now))
    return made


@pytest.fixture
def desk(issuer: Issuer, seconds: Seconds, database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """A desk that trusts the issuer, and has granted roles to some whom it names."""
    told: dict[str, Any] = {"issuer": issuer.url, "jwks_url": issuer.jwks_url, "oidc_client_id": "console"}
    with served(database, tmp_path, **told, oidc_client_secret=SECRET) as running:
        for subject, role, team in GRANTED:
            running.office.grants.ensure(subject, role, team, None, OPERATOR, anew=True)
        yield running
