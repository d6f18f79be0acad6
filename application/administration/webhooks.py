"""Webhooks: their secrets, and what the administrator orders (http.md, Outgoing webhooks).

A secret is derived from a key of the installation and from its own id. So the record and the database hold no secret.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from application.administration.catalogue import authorise_office, commit_reference, reason_about
from application.execution.attempt import Attempt
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from domain.errors import NotFound
from domain.readers.webhook import DisabledBy, ListedWebhook
from domain.values import Disclosure


class WebhookSecrets:
    """Derives the secrets of webhooks from a key that all parts of the desk share."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, webhook: str, secret: str) -> bytes:
        """Return a secret by the ids of its webhook and its own: 32 bytes."""
        return hmac.digest(self._key, f"caseledger:webhook:{webhook}:{secret}".encode(), "sha256")

    def shown(self, webhook: str, secret: str) -> str:
        """Return a secret as its receiver keeps it (Standard Webhooks): `whsec_` and base64."""
        return f"whsec_{b64encode(self.of(webhook, secret)).decode()}"


@dataclass(frozen=True)
class IssuedSecret:
    """An issued secret, by its id."""

    committed: Committed
    id: str


class Webhooks:
    """Commands on webhooks. The webhooks are entries of the catalogue."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def issue_secret(self, webhook: str, request: Request) -> IssuedSecret:
        """Issue a secret. Earlier ones sign beside it for the policy's time. Raises Forbidden, NotFound, InvalidTransition."""
        fresh = self._runner.random(4).hex()

        def decide(listed: ListedWebhook, on: Attempt) -> None:
            listed.issue_secret(fresh, on.policy.webhook_overlap, on.provenance, reason=_reason(webhook, on))

        committed = await self._on_webhook("issue_secret", webhook, request, decide)
        root = committed.root
        assert isinstance(root, ListedWebhook)
        return IssuedSecret(committed, list(root.secrets)[-1])

    async def revoke_secret(self, webhook: str, secret: str, request: Request) -> Committed:
        """Revoke a secret. Nothing is signed with it from now on. Raises Forbidden, NotFound, InvalidTransition."""

        def decide(listed: ListedWebhook, on: Attempt) -> None:
            if secret not in listed.secrets:
                raise NotFound(f"The webhook {webhook} has no secret {secret}.")
            listed.revoke_secret(secret, on.provenance, reason=_reason(webhook, on))

        return await self._on_webhook("revoke_secret", webhook, request, decide)

    async def disable(self, webhook: str, cause: DisabledBy, request: Request) -> Committed:
        """Stop sending. Raises Forbidden, NotFound, InvalidTransition."""
        return await self._on_webhook(
            "disable_webhook",
            webhook,
            request,
            lambda listed, on: listed.disable(cause, on.provenance, reason=_reason(webhook, on)),
        )

    async def enable(self, webhook: str, request: Request) -> Committed:
        """Go on where sending stopped. Raises Forbidden, NotFound, InvalidTransition."""
        return await self._on_webhook(
            "enable_webhook",
            webhook,
            request,
            lambda listed, on: listed.enable(on.provenance, reason=_reason(webhook, on)),
        )

    async def replay(self, webhook: str, first: int, last: int, request: Request) -> Committed:
        """Send a range of positions once more. Raises Forbidden, NotFound, Invalid, InvalidTransition."""
        return await self._on_webhook(
            "replay_webhook",
            webhook,
            request,
            lambda listed, on: listed.replay(first, last, on.provenance, reason=_reason(webhook, on)),
        )

    async def ping(self, webhook: str, request: Request) -> Committed:
        """Send the event of this ping. Raises Forbidden, NotFound, InvalidTransition."""
        return await self._on_webhook(
            "ping_webhook",
            webhook,
            request,
            lambda listed, on: listed.ping(on.provenance, reason=_reason(webhook, on)),
        )

    async def _on_webhook(
        self, command: str, webhook: str, request: Request, decide: Callable[[ListedWebhook, Attempt], None]
    ) -> Committed:
        authorise_office(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            listed = await self._runner.repository.find(ListedWebhook, entry_id("webhook", webhook))
            if listed is None:
                raise NotFound(f"There is no webhook {webhook}.")
            expect(listed, request)
            decide(listed, on)
            return await commit_reference(self._runner, listed, on)

        return await self._runner.run(webhook, request, attempt)


def _reason(webhook: str, on: Attempt) -> Disclosure | None:
    return reason_about(f"webhooks:{webhook}", on)
