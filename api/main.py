"""The composition root: here, and in the commands of `api/cli`, the layers meet."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from fastapi import FastAPI

from api.http.app import create_app
from api.http.context import Context
from api.http.cursors import Cursors
from application.desk import Desk
from domain.clocks import Clock, SystemClock
from domain.policy import POLICY_1
from infrastructure.postgres.database import Database
from infrastructure.postgres.feed import open_feed
from infrastructure.postgres.recorder import LedgerFactory
from infrastructure.postgres.register import PostgresRegister
from infrastructure.settings import Settings
from infrastructure.tokens import Tokens
from infrastructure.views.reading import PostgresViews

SWITCH_INTERVAL = 0.001
"""Seconds between hand-overs of the interpreter's lock. At Python's default of 5 ms the group commit's thread waits
for a whole interval after each commit while others hold the lock: 2,700 appends/s against 10,900 (32 writers)."""

GARBAGE_THRESHOLD = 50_000
"""Objects between two collections of the youngest generation. We make few cycles and many events: at Python's default
of 700 an import spent a third of its time, the projector two fifths, looking for garbage that was not there."""


def tune_interpreter() -> None:
    """Set what every process of ours wants of the interpreter; once, after its imports."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 50)


@contextmanager
def open_desk(database: Database, clock: Clock | None = None) -> Iterator[Desk]:
    """The desk on a database, with its own connections and its own group commit."""
    with Desk(LedgerFactory(database), PostgresRegister, clock or SystemClock(), POLICY_1, os.urandom) as desk:
        yield desk


def tokens_of(settings: Settings) -> Tokens:
    """Our keys, in the data directory. Raises OSError."""
    return Tokens(settings.data_dir / "keys", settings.issuer, settings.audience, settings.jwks_url)


@asynccontextmanager
async def open_context(settings: Settings, database: Database, clock: Clock | None = None) -> AsyncIterator[Context]:
    """What the routes are given, for as long as the application runs."""
    tokens = tokens_of(settings)
    with open_desk(database, clock) as desk, database.pool("api", size=12) as pool:
        async with open_feed(database) as feed:
            yield Context(desk, PostgresViews(pool), feed, tokens.verify, Cursors(tokens.cursor_secret))


def application(settings: Settings, database: Database, clock: Callable[[], Clock] = SystemClock) -> FastAPI:
    """The HTTP application on an open database."""
    return create_app(partial(open_context, settings, database, clock()))
