"""Webhooks: their entries, and what the administrator orders (http.md, Outgoing webhooks)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.http.bodies.administration.catalogue import EntryBody
from api.http.bodies.base import MaybeReasonBody, ReasonBody, Words
from api.http.fields import Code, Line, such_as
from domain.readers.webhook import MOST_TOPICS, TOPIC


class WebhookContactBody(Words):
    """Where a webhook leads."""

    url: Annotated[Line, such_as("https://hub.example/events")]
    """Its address, `https://`. Plain `http://` leads only into networks that the operator allows. Administrators and auditors
    read it; events hold its digest."""


class WebhookBody(EntryBody):
    """Who is sent which events."""

    name: Annotated[Line, such_as("Integration hub")]
    """What it is for."""
    owner: Annotated[Code, such_as("reports")]
    """The id of the person or machine whose rights count. They must hold a role that reads events."""
    topics: Annotated[
        list[Annotated[str, Field(pattern=f"^({TOPIC.pattern})$"), such_as("case.*")]],
        Field(min_length=1, max_length=MOST_TOPICS),
    ] = Field(default=["*"])
    """Topics of events. A `*` at the end stands for anything."""
    contact: WebhookContactBody
    """Where it leads."""


class IssueSecretBody(MaybeReasonBody):
    """Issue a secret of a webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the yearly rotation"}]})


class RevokeSecretBody(MaybeReasonBody):
    """Revoke a secret of a webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it was in a log"}]})


class DisableWebhookBody(ReasonBody):
    """Stop sending events to a webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the hub moves"}]})


class EnableWebhookBody(MaybeReasonBody):
    """Go on sending events to a webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the hub has moved"}]})


class PingWebhookBody(MaybeReasonBody):
    """Send one event to a webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "does it answer?"}]})


class ReplayWebhookBody(MaybeReasonBody):
    """Send a range of events to a webhook once more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"from": 1, "to": 111, "reason": "the hub lost a day"}]})
    first: Annotated[int, Field(alias="from", ge=1, le=2**62), such_as(1)]
    """The first position."""
    last: Annotated[int, Field(alias="to", ge=1, le=2**62), such_as(111)]
    """The last position. It may lie beyond the last event: a replay ends at its own order."""
