"""SOP 4.1, 7.1: entries of the catalogue and the directory, the policy, and grants.

The bodies of entries describe what `application.administration.entries.read_entry` reads.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, Words
from api.http.fields import Code, LevelNumber, Line, Moment, PersonId, ServiceId, TeamId, Why, such_as
from domain.access import NOT_GRANTED
from domain.monitoring.source import MOST_RULES, SourceKind
from domain.values import Nature, Role

CalendarName = Annotated[Literal["business", "always"], such_as("business")]
Retired = Annotated[bool, such_as(False)]
StepId = Annotated[Code, such_as("power")]
_LABEL = {"type": "string", "minLength": 1, "maxLength": 200}
Match = Annotated[
    dict[str, str | list[str]],
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": _LABEL,
            "additionalProperties": {"anyOf": [_LABEL, {"type": "array", "items": _LABEL}]},
        }
    ),
    such_as({"severity": "critical", "job": ["lpd", "cups*"]}),
]


class PolicyBody(ReasonBody):
    """Put another policy in force."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"changes": {"dispute_window": "PT96H"}, "reason": "holidays"}]}
    )
    changes: Annotated[dict[str, Any], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/PolicyChanges"}]})]
    """The fields to change. The others stay as they are."""


_OF_A_TEAM: JsonDict = {
    "if": {"properties": {"role": {"const": Role.TEAM_MEMBER}}},
    "then": {"required": ["team"], "properties": {"team": {"type": "string"}}},
    "else": {"properties": {"team": {"type": "null"}}},
}
"""A team member has a team, and nobody else has one."""


class GrantBody(MaybeReasonBody):
    """Grant a role to a person or a machine."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"subject": "b.chen", "role": "technician", "reason": "joined the desk"}],
            **_OF_A_TEAM,
        }
    )
    subject: Annotated[Code, such_as("b.chen")]
    """Their id: the `sub` of their tokens."""
    role: Annotated[Role, WithJsonSchema({"enum": sorted(frozenset(Role) - NOT_GRANTED)}), such_as("technician")]
    """The role. Nobody acts as `system` or `external`."""
    team: TeamId | None = None
    """The team. Needed for `team_member`, and for nobody else."""
    approved_by: Annotated[Code, such_as("d.manager")] | None = None
    """Who approved it: not the person themselves. The caller, unless given."""
    since: Moment | None = None
    """From when it counts; now, unless given."""
    until: Moment | None = None
    """Until when it counts: after `since`, and not in the past."""


class RevokeBody(MaybeReasonBody):
    """Revoke a role of a person or a machine."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "technician", "reason": "left the desk"}]})
    role: Annotated[Role, such_as("technician")]
    """The role."""
    team: TeamId | None = None
    """The team, of a `team_member`."""


class IssueKeyBody(MaybeReasonBody):
    """Issue a key to a monitoring source."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the new cluster"}]})


class RevokeKeyBody(MaybeReasonBody):
    """Revoke a key of a monitoring source."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the cluster is gone"}]})


class EntryBody(Words):
    """What every entry of the catalogue has."""

    retired: Retired = False
    """Whether it is no longer used. It stays readable."""
    reason: Why | None = None
    """Why it is changed. Kept with the event."""


class ContactBody(Words):
    """How to reach a person."""

    name: Annotated[Line, such_as("T. Lee")] | None = None
    """Their name."""
    email: Annotated[Line, such_as("t.lee@desk.example")] | None = None
    """Their mail address."""
    phone: Annotated[Line, such_as("405-555-0001")] | None = None
    """Their telephone number."""


class ServiceBody(EntryBody):
    """A service that the organisation provides (SOP 4.1)."""

    name: Annotated[Line, such_as("Printing")]
    """Its name."""
    team: TeamId
    """The id of the team that owns it."""
    calendar: CalendarName | None = None
    """When it is supported: `business` or `always`. As its team says, unless given."""
    criticality: Annotated[str, such_as("normal")] = "normal"
    """How critical it is: one of the policy's `criticalities`."""
    help_desk: Annotated[Code, such_as("desk")] = "desk"
    """The id of the help desk that it belongs to: `desk` is this one."""
    owner: PersonId | None = None
    """Who answers for it: verifies and is mailed if there is no customer (R-5.8d)."""
    contact: ContactBody | None = None
    """How to reach its owner."""


class TeamBody(EntryBody):
    """A service team."""

    name: Annotated[Line, such_as("Network and printing")]
    """Its name."""
    members: list[PersonId] = Field(default=[])
    """The ids of its members."""
    calendar: CalendarName | None = None
    """When it works: `business` or `always`. As the policy says, unless given."""


class HelpDeskContactBody(Words):
    """How to reach a help desk."""

    phone: Annotated[Line, such_as("405-555-0100")] | None = None
    """Its telephone number."""
    email: Annotated[Line, such_as("help@dhs.example")] | None = None
    """Its mail address."""
    hours: Annotated[Line, such_as("Mon-Fri 07:00-18:00")] | None = None
    """When it is there."""
    portal: Annotated[Line, such_as("https://dhs.example/help")] | None = None
    """Its web page."""


class HelpDeskBody(EntryBody):
    """Another agency's help desk (R-5.3b)."""

    agency: Annotated[Code, such_as("Department of Human Services")]
    """Its agency."""
    name: Annotated[Line, such_as("DHS Help Desk")]
    """Its name."""
    contact: HelpDeskContactBody | None = None
    """How to reach it."""


class ScriptAnswerBody(Words):
    """A possible answer to a step."""

    says: Annotated[str, such_as("no")]
    """The answer."""
    next: StepId | None = None
    """The id of the step that follows: one of this script."""
    outcome: Annotated[str, such_as("switch it on")] | None = None
    """Where it ends."""


class ScriptStepBody(Words):
    """One question of a diagnostic script."""

    id: StepId
    """Its id, unique in the script."""
    question: Annotated[str, such_as("Is it on?")]
    """The question."""
    answers: list[ScriptAnswerBody] = Field(default=[])
    """What may be answered."""


class ScriptBody(EntryBody):
    """A diagnostic script (R-5.5a). Its first step starts it."""

    name: Annotated[Line, such_as("A printer does not print")]
    """Its name."""
    steps: Annotated[list[ScriptStepBody], Field(min_length=1)]
    """Its steps."""
    service: ServiceId | None = None
    """The id of the service that it is for."""


class RuleBody(Words):
    """What labels mean. The first rule that matches wins; what it leaves open, the defaults say."""

    match: Match
    """Labels and their values: one, or one of several. A value may end in `*`. A rule without labels matches everything."""
    service: ServiceId | None = None
    """The id of the service. It need not be listed."""
    impact: LevelNumber | None = None
    """1 (high) to 3 (low)."""
    severity: LevelNumber | None = None
    """1 (high) to 3 (low)."""
    nature: Annotated[Nature, such_as("actual")] | None = None
    """Whether the service is interrupted now, or will be."""
    nominate_major: Annotated[bool, such_as(False)] | None = None
    """Whether to nominate a major incident (R-5.7b)."""


class DefaultsBody(RuleBody):
    """What holds if no rule says otherwise."""

    match: Annotated[dict[str, str], WithJsonSchema({"type": "object", "maxProperties": 0}), such_as({})]  # type: ignore[assignment]
    """Empty: the defaults match everything."""


class SourceContactBody(Words):
    """Where a monitoring system writes from."""

    senders: Annotated[Line, such_as("prometheus@desk.example")] | None = None
    """Its mail addresses, separated by commas."""


class SourceBody(EntryBody):
    """A monitoring system, and what its labels mean here."""

    name: Annotated[Line, such_as("Prometheus")]
    """Its name."""
    kind: Annotated[SourceKind, such_as("alertmanager")]
    """The protocol that it speaks."""
    rules: Annotated[list[RuleBody], Field(max_length=MOST_RULES)] = Field(default=[])
    """The mapping of its labels."""
    defaults: DefaultsBody | None = None
    """What holds if no rule says otherwise."""
    contact: SourceContactBody | None = None
    """Where it writes from."""


class CustomerBody(EntryBody):
    """A customer of the directory."""

    agency: Annotated[Code, such_as("dot")] | None = None
    """The id of their agency."""
    contact: ContactBody | None = None
    """How to reach them."""


ENTRIES: dict[str, type[Body | EntryBody]] = {
    "services": ServiceBody,
    "teams": TeamBody,
    "help-desks": HelpDeskBody,
    "scripts": ScriptBody,
    "sources": SourceBody,
    "customers": CustomerBody,
}
"""The body of an entry, by its kind."""
