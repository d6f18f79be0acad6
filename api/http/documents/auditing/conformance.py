"""Conformance: what contradicts the SOP, and how well the histories fit it."""

from __future__ import annotations

from typing import Annotated, Any

from api.http.documents.base import At, Count, Document, Position, one_of
from api.http.fields import CaseNumber, such_as
from application.reports.conformance.rules import Kind

ClauseName = Annotated[str, such_as("R-5.8a")]
RuleName = Annotated[str, such_as("verified-before-resolution")]
_BY_CLAUSE = {"R-5.8a": {"broken": 1, "stated": 0, "not_recorded": 0}}
_MESSAGE = "case.resolved, version 9: A service team resolves only after the customer has confirmed that it works."


class FoundDeviation(Document):
    """An event of a history that a rule contradicts."""

    clause: ClauseName
    """The requirement."""
    rule: RuleName
    """The rule of the model."""
    case: CaseNumber
    """The case."""
    position: Position
    """The position of the event in the ledger."""
    at: At
    """When it happened."""
    kind: Annotated[Kind, one_of(Kind), such_as("broken")]
    """Whether the rule is broken, the record itself states the deviation, or an imported history does not record it."""
    message: Annotated[str, such_as(_MESSAGE)]
    """The event, and the rule in words."""


class Fitness(Document):
    """How well histories fit the model. What imported histories do not record is left out."""

    activations: Annotated[int, such_as(412)]
    """Events that rules speak about."""
    fulfilled: Annotated[int, such_as(411)]
    """Those that the histories fulfil."""
    rate: Annotated[float, such_as(0.997573)] | None
    """Their share. Null without any."""
    fitting: Annotated[int, such_as(11)]
    """Histories without a deviation."""
    fitting_rate: Annotated[float, such_as(0.916667)] | None
    """Their share. Null without any."""
    not_recorded: Count
    """Activations that imported histories do not record."""


class Conformance(Document):
    """A page of histories held against the SOP. `docs/conformance.md` explains it."""

    checked: Annotated[int, such_as(12)]
    """Histories on this page."""
    deviations: list[FoundDeviation]
    """What contradicts the model in them."""
    model: Annotated[str, such_as("OMES incident management, SOP 05.1.9, version 1")]
    """The name of the model."""
    by_clause: Annotated[dict[str, dict[str, int]], such_as(_BY_CLAUSE)]
    """The deviations of this page, by clause and kind."""
    by: Annotated[list[str], such_as(["clause"])]
    """What the rows count by."""
    rows: Annotated[list[dict[str, Any]], such_as([{"clause": "R-5.8a", "deviations": 1}])]
    """The counts."""
    fitness: Fitness
    """How well the histories of this page fit the model."""
    time_zone: Annotated[str, such_as("America/Chicago")]
    """The time zone of months."""
    position: Position
    """The position in the ledger that all pages are as of."""
    as_of: At | None
    """The moment that was asked for."""
    as_of_position: Position
    """The same as `position`."""
    next_cursor: Annotated[str, such_as("ofeZpvsuOGVq-7MUO0ndflsiSU5DLTAwMDAwMTIiXQ")] | None
    """The cursor of the next page; null on the last one."""
