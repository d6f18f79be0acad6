"""The composition of an API process: what the HTTP application is given. Only `serve` and `api` import it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial

from api.http.app import create_app
from api.http.context import QUESTIONS, Context
from api.http.cursors import Cursors
from api.http.entrance.door import Entrance
from api.http.entrance.gate import Gate
from api.http.entrance.limits import Limits
from api.http.entrance.sessions import CALLBACK, Sessions
from api.http.entrance.uploads import Uploads
from api.main import addresses_of, links_of, open_desk, tokens_of
from application.administration.webhooks import WebhookSecrets
from application.audit.reads import Readings
from application.mail_in.failures import Failures
from domain.clock import Clock, SystemClock
from infrastructure.identity.oidc import OpenIdProvider
from infrastructure.kept_checks import KeptChecks
from infrastructure.mail.catcher import Catcher
from infrastructure.postgres.connections import QUESTION, AsyncPool, pools
from infrastructure.postgres.database import Database
from infrastructure.postgres.feed import open_feed
from infrastructure.postgres.replica import ReadingPool
from infrastructure.settings import Settings
from infrastructure.transparency.served_log import PostgresLog
from infrastructure.views.questions.histories import HistoryView
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.view_reader import Lends, ViewReader
from infrastructure.views.reads import PostgresReads, keeping


@asynccontextmanager
async def open_context(
    settings: Settings, database: Database, clock: Clock | None = None, catcher: Catcher | None = None
) -> AsyncIterator[Context]:
    """What the routes are given, for as long as the application runs."""
    tokens = tokens_of(settings)
    checks = KeptChecks(settings.data_dir / "checks", (sys.executable, "-m", "api.cli"), settings.as_environment())
    async with (
        open_desk(database, clock, addresses=addresses_of(settings)) as desk,
        open_feed(database, desk.references) as feed,
        database.async_pool("api", size=QUESTIONS, limits=QUESTION, name="views") as views,
        _reading(settings, views) as reading,
    ):
        reads, readings = PostgresReads(views), Readings(desk.clock)
        with database.pool("api", size=QUESTIONS, limits=QUESTION) as pool, closing(checks):
            async with keeping(readings, reads, desk.references):
                yield Context(
                    desk,
                    views_on(reading, views),
                    HistoryView(ViewReader(reading)),
                    feed,
                    PostgresLog(pool),
                    tokens.verify,
                    tokens.remembered,
                    Cursors(tokens.cursor_secret),
                    tokens.read_link,
                    tokens.read_follow_link,
                    links_of(settings, tokens).follow,
                    WebhookSecrets(tokens.webhook_secret).shown,
                    Limits(settings.reports_per_hour),
                    Uploads(settings.upload_seconds),
                    Sessions(tokens.session_secret),
                    checks,
                    readings,
                    reads,
                    catcher.messages if catcher else None,
                    provider=provider_of(settings),
                    gate=Gate(settings.intake_at_once),
                    failures=Failures(settings.tries),
                    streams=Gate(settings.streams_at_once),
                    pools=pools,
                )


@asynccontextmanager
async def _reading(settings: Settings, leader: AsyncPool) -> AsyncIterator[Lends]:
    """Where views are read: on a replica, where the operator names one."""
    if settings.read_database_url is None:
        yield leader
        return
    database = Database(settings.read_database_url, embedded=False)
    async with database.async_pool("api", size=QUESTIONS, limits=QUESTION, name="replica") as replica:
        yield ReadingPool(leader, replica)


def provider_of(settings: Settings) -> OpenIdProvider | None:
    """Where people sign in to the console; None where the operator names no such place."""
    if settings.oidc_client_id is None or settings.jwks_url is None:
        return None
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
    redirect = f"{settings.public_url.rstrip('/')}{CALLBACK}"
    return OpenIdProvider(settings.issuer, settings.oidc_client_id, secret, settings.oidc_scope, redirect)


def application(settings: Settings, database: Database, clock: Callable[[], Clock] = SystemClock) -> Entrance:
    """The HTTP application on an open database."""
    return create_app(partial(open_context, settings, database, clock()), logs_requests=settings.request_log)
