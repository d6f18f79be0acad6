"""What labels mean at this desk: the source's rules, first match first, then its defaults, then what is plain.

Plain is: a label `service` that names a service of the catalogue, and a label `severity` in one of the usual words.
Impact and severity are what the desk may assume, not its assessment: that is a technician's (R-5.4a).
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
    """What a case of an alert is logged with."""

    service: str | None = None
    impact: Level | None = None
    severity: Level | None = None
    nature: Nature = Nature.ACTUAL
    nominate_major: bool = False
    rule: int | None = None
    """The place of the rule that matched, from 0."""


def target_of(source: MonitoringSource | None, labels: Mapping[str, str], reference: Reference) -> Target:
    """What labels mean. A service that the catalogue does not have, or no longer, is none: the alert comes first."""
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
