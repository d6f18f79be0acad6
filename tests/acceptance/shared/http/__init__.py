"""HTTP itself: requests that are wrong, idempotency, the feed, and what the OpenAPI document says."""
