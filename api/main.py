"""The composition root: here, and in the commands of `api/cli`, the layers meet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from eventsourcing.persistence import OperationalError
from psycopg import Connection
from psycopg import OperationalError as PsycopgOperationalError
from psycopg_pool import ConnectionPool

from application.administration.holidays import holidays_of
from application.administration.webhooks import WebhookSecrets
from application.desk import Desk, desk_on
from application.mail_out.addresses import Addresses
from application.reports.conformance.histories import Histories
from application.views.questions import Views
from domain.clock import AheadClock, Clock, SystemClock
from domain.policy import Policy, first_policy
from infrastructure.identity.tokens import Tokens
from infrastructure.mail.smtp_client import SmtpPostman
from infrastructure.postgres.connections import LONG, QUESTION
from infrastructure.postgres.connections import Limits as ConnectionLimits
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.event_store import open_event_store
from infrastructure.postgres.register import PostgresRegister
from infrastructure.settings import Settings
from infrastructure.transparency.publication.replies import current_note
from infrastructure.views.questions.histories import HistoryView
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.view_reader import ViewReader
from infrastructure.views.similar import PostgresFinder

T = TypeVar("T")

OF_WORKER = 4
"""Connections that the desk of a worker reads events by: nobody waits for it, and there are many workers."""

HOLIDAYS = "US-OK"
"""Whose holidays a desk starts with: Oklahoma's. Afterwards they are data of its policy."""


def initial_policy() -> Policy:
    """Version 1 of the policy, with the holidays of the years around now."""
    year = datetime.now(UTC).year
    return first_policy(holidays_of(HOLIDAYS, range(year - 1, year + 6)))


@asynccontextmanager
async def open_desk(
    database: Database,
    clock: Clock | None = None,
    *,
    component: Component = "api",
    addresses: Addresses | None = None,
    connections: int = 16,
) -> AsyncIterator[Desk]:
    """The desk on a database, with its own connections and its own group commit, in the running event loop.

    It takes at most ``connections`` to read events, a quarter of them to look for duplicates, and two to write.
    """
    async with (
        open_event_store(database, component, size=connections) as store,
        database.async_pool(component, size=max(1, connections // 4), limits=QUESTION, name="duplicates") as pool,
    ):
        yield desk_on(
            store,
            PostgresRegister(store),
            PostgresFinder(pool),
            clock=clock or SystemClock(),
            first_policy=initial_policy,
            random=os.urandom,
            addresses=addresses,
        )


def on_desk(database: Database, do: Callable[[Desk], Awaitable[T]], *, component: Component = "api") -> T:
    """Run a coroutine on a desk, both in an event loop of their own. For callers that run no event loop."""

    async def run() -> T:
        async with open_desk(database, component=component) as desk:
            return await do(desk)

    return asyncio.run(run())


def on_views(
    database: Database,
    do: Callable[[Views], Awaitable[T]],
    *,
    component: Component = "api",
    size: int = 1,
    limits: ConnectionLimits | None = None,
) -> T:
    """Run a coroutine on the views, both in an event loop of their own. For callers that run no event loop."""

    async def run() -> T:
        async with database.async_pool(component, size=size, limits=limits) as pool:
            return await do(views_on(pool))

    return asyncio.run(run())


def on_histories(database: Database, do: Callable[[Histories], Awaitable[T]]) -> T:
    """Run a coroutine on the histories of all cases, as the auditor, in an event loop of its own."""

    async def run() -> T:
        async with database.async_pool("auditor", size=1, limits=LONG) as pool:
            return await do(HistoryView(ViewReader(pool)))

    return asyncio.run(run())


def tokens_of(settings: Settings) -> Tokens:
    """Our keys, in the data directory. Raises OSError."""
    return Tokens(settings.data_dir / "keys", settings.issuer, settings.audience, settings.jwks_url)


def addresses_of(settings: Settings) -> Addresses:
    """Writes and reads the addresses of the desk's mailbox: under a key that all parts share. Raises ValueError, OSError."""
    return Addresses(tokens_of(settings).address_secret, settings.mail_from)


def webhook_secrets_of(settings: Settings) -> WebhookSecrets:
    """The secrets of webhooks, under a key that all parts share. Raises OSError."""
    return WebhookSecrets(tokens_of(settings).webhook_secret)


def clock_of(settings: Settings) -> Clock:
    """The machine's clock, or one that runs ahead of it for a demonstration."""
    return AheadClock(timedelta(hours=settings.clock_ahead)) if settings.clock_ahead else SystemClock()


def postman_of(settings: Settings, clock: Clock, pool: ConnectionPool[Connection[Any]]) -> SmtpPostman | None:
    """Who carries the mails, each with the checkpoint of its moment; None where no server is set, and they wait.

    The pool is of the mail worker's role.
    """
    if not settings.smtp_host:
        return None
    return SmtpPostman(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        clock=clock,
        domain=settings.mail_from.rpartition("@")[2],
        tls=settings.smtp_tls,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        ca_file=settings.smtp_ca_file,
        checkpoint=partial(_current_note, pool),
    )


def _current_note(pool: ConnectionPool[Connection[Any]]) -> str | None:
    """The checkpoint of this moment. Raises OperationalError, which no mail is to blame for."""
    try:
        with pool.connection() as connection:
            return current_note(connection)
    except PsycopgOperationalError as error:  # the pool's own errors are such as well
        raise OperationalError(str(error)) from error


@dataclass(frozen=True)
class SignedLinks:
    """Implements `application.mail_out.outbox.Links`."""

    here: str
    tokens: Tokens

    def dispute(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        return f"{self.here}/disputes/{self.tokens.dispute_link(case, resolution, customer, erasures)}"

    def follow(self, case: str, customer: str, erasures: int) -> str:
        return f"{self.here}/self-service/cases/{self.tokens.follow_link(case, customer, erasures)}"


def links_of(settings: Settings, tokens: Tokens | None = None) -> SignedLinks:
    """Makes the addresses under which customers act."""
    return SignedLinks(settings.public_url.rstrip("/"), tokens or tokens_of(settings))
