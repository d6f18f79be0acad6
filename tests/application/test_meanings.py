"""Every field of the policy says its unit and its meaning, and says them rightly."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from application.administration.meanings import field_docstrings, meanings
from domain.case.clauses.logging import INFORMATION
from domain.case.terms import PendingReason
from domain.policy import LARGEST_ATTACHMENT, Policy, Target


@dataclass
class Base:
    kept: int = 0
    """Count: of what is
    kept."""
    bare: int = 0


@dataclass
class Derived(Base):
    own: str = ""
    """Name: which one: this."""
    kept: int = 1
    """Bytes: of what is kept."""


def test_a_field_says_what_the_docstring_under_it_says() -> None:
    assert field_docstrings(Base) == {"kept": "Count: of what is kept."}
    assert field_docstrings(Derived) == {"kept": "Bytes: of what is kept.", "own": "Name: which one: this."}


def test_a_field_without_a_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Base\.bare has no docstring"):
        meanings(Base)


def test_r_7_1_every_field_of_the_policy_says_its_unit_and_its_meaning() -> None:
    said = meanings(Policy)
    assert said["targets"].parts == meanings(Target)
    assert said["targets"].parts["resolve"].unit == "Interval, support time"
    assert said["goal_resolve"].meaning.startswith("Cases that should be resolved")
    assert said["business"].parts.keys() >= {"opens", "closes", "holidays"}


def test_the_codes_and_limits_that_a_unit_lists_are_those_of_the_rules() -> None:
    said = meanings(Policy)
    assert said["pausing"].unit == f"List of {', '.join(PendingReason)}"
    assert said["required_information"].unit == f"List of {', '.join(INFORMATION)}"
    assert str(LARGEST_ATTACHMENT) in said["attachment_size"].unit
