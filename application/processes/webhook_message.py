"""What a webhook is sent: an event as a CloudEvent, signed as Standard Webhooks asks."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


@dataclass(frozen=True)
class OutgoingEvent:
    """An event as the feed shows it, and its leaf in the transparency log."""

    position: int
    topic: str
    recorded_at: datetime
    leaf_hash: bytes
    leaf_index: int
    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The message's id: the first half of the leaf's hash. It stays the same, after a restore of the database too."""
        return f"evt_{self.leaf_hash[:16].hex()}"


def body_of(event: OutgoingEvent, source: str) -> bytes:
    """Return an event as a CloudEvent in structured JSON (CloudEvents 1.0).

    Position and leaf index are texts, since integers of CloudEvents have 32 bits.
    """
    number = event.document["number"]
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": event.topic,
        **({} if number is None else {"subject": number}),
        "time": event.recorded_at.astimezone(UTC),
        "datacontenttype": "application/json",
        "position": str(event.position),
        "leafindex": str(event.leaf_index),
        "data": event.document,
    }
    return msgspec.json.encode(attributes)


def headers_of(id_: str, at: datetime, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """Return the headers of one attempt: id, time, and a signature under each secret (Standard Webhooks)."""
    timestamp = int(at.timestamp())
    signed = f"{id_}.{timestamp}.".encode() + body
    signatures = (b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)
    return {
        "content-type": CONTENT_TYPE,
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
