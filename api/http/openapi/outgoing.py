"""What the desk sends of its own accord: the `webhooks` of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.http.documents.webhooks import WebhookMessage
from api.http.openapi.areas import Area
from api.http.openapi.operations import reference

_HEADERS = (
    ("webhook-id", "The id of the message: the same in each attempt.", "evt_0bfe935e70c321c7ca3afc75ce0d0ca2"),
    ("webhook-timestamp", "When it was sent, in seconds since 1970.", "1795442400"),
    (
        "webhook-signature",
        "`v1,` and base64 of HMAC-SHA256 over id, timestamp and body, joined by full stops; one for each secret.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
)


def outgoing() -> dict[str, Any]:
    """The webhooks that a subscriber receives."""
    parameters = [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string", "examples": [example]},
        }
        for name, description, example in _HEADERS
    ]
    message = {"application/cloudevents+json": {"schema": reference(WebhookMessage)}}
    answers = {
        "2XX": {"description": "The receiver has the message."},
        "410": {"description": "The receiver wants no more: the webhook is disabled."},
        "default": {"description": "The message is sent again later, for days. A redirect is not followed."},
    }
    return {
        "event": {
            "post": {
                "operationId": "receive_event",
                "tags": [str(Area.WEBHOOKS)],
                "summary": "Receive an event",
                "description": "A CloudEvent, signed as Standard Webhooks asks. Events of one webhook come in the order of their "
                "positions, each at least once.",
                "security": [],
                "parameters": parameters,
                "requestBody": {"required": True, "content": message},
                "responses": answers,
            }
        }
    }
