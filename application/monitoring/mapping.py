"""Mapping of labels to case fields: the source's first matching rule, then its defaults, then well-known labels.

Well-known are `service`, if the catalogue lists its value, and `severity` with one of the usual words. Impact and
severity are assumptions. The assessment is a technician's (R-5.4a).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from application.execution.reference import Reference
from domain.monitoring.source import MappingRule, MonitoringSource
from domain.values import CODE, Level, Nature

_SEVERITIES = {
    **dict.fromkeys(("critical", "emergency", "fatal", "page", "disaster"), Level.HIGH),
    **dict.fromkeys(("error", "major", "high", "alert"), Level.MEDIUM),
    **dict.fromkeys(("warning", "warn", "minor", "info", "informational", "notice", "low", "none"), Level.LOW),
}
_NOTHING = MappingRule(match={})


@dataclass(frozen=True)
class Target:
    """The fields for a case of an alert."""

    service: str | None = None
    impact: Level | None = None
    severity: Level | None = None
    nature: Nature = Nature.ACTUAL
    nominate_major: bool = False
    rule: int | None = None
    """Index of the matching rule, from 0."""


def target_of(source: MonitoringSource | None, labels: Mapping[str, str], reference: Reference) -> Target:
    """Map labels to a target. Ignores a service that the catalogue does not list: the alert matters more."""
    rules, defaults = (source.rules, source.defaults or _NOTHING) if source else ((), _NOTHING)
    place, rule = next(((at, rule) for at, rule in enumerate(rules) if rule.matches(labels)), (None, _NOTHING))
    named = (rule.service, defaults.service, labels.get("service"))
    service = next((s for s in named if s and CODE.fullmatch(s) and reference.names_service(s)), None)
    nominate = rule.nominate_major if rule.nominate_major is not None else defaults.nominate_major
    return Target(
        service,
        rule.impact or defaults.impact,
        rule.severity or defaults.severity or _SEVERITIES.get(labels.get("severity", "").lower()),
        rule.nature or defaults.nature or Nature.ACTUAL,
        bool(nominate),
        place,
    )
