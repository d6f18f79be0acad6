"""What operators and machines ask: alive, ready, how much; and a landing page for a person who came by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg import OperationalError

from api.http.context import context_of
from api.http.documents.operations import Alive, Ready
from api.http.entrance.deadline import in_thread
from api.http.metrics import Metrics
from api.http.openapi.areas import Area
from api.http.openapi.operations import OPEN, answers, gives, operation
from api.http.pages.rendering import page
from api.http.parameters import named_parameters
from api.http.problems import Problem
from api.http.responses import json_response
from application.health import Readiness, readiness

router = APIRouter(tags=[Area.OPERATIONS])
_OPEN = [Depends(named_parameters)]
_READY = operation(OPEN, answers(Ready, told="Ready."))
_METRICS = {"text/plain": {"schema": {"type": "string"}, "example": "# TYPE caseledger_ledger_position gauge\n"}}


@router.get(
    "/healthz",
    response_class=Response,
    operation_id="healthz",
    dependencies=_OPEN,
    openapi_extra=operation(OPEN, answers(Alive, told="Alive.")),
)
async def healthz() -> Response:
    """Ask whether the process is alive.

    It does not ask the database. For the liveness probe of an orchestrator.
    """
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get("/readyz", response_class=Response, operation_id="readyz", dependencies=_OPEN, openapi_extra=_READY)
async def readyz(request: Request) -> Response:
    """Ask whether the desk is ready.

    It takes commands, and its views follow the ledger. Otherwise 503, with what is wrong and what it `can` do all the same.
    """
    health, ready = await _asked(request)
    return _ready(health, ready, ready.why)


@router.get(
    "/readyz/write", response_class=Response, operation_id="readyz_write", dependencies=_OPEN, openapi_extra=_READY
)
async def readyz_write(request: Request) -> Response:
    """Ask whether the desk takes commands.

    Commands are decided on the events themselves, whatever the views do.
    """
    health, ready = await _asked(request)
    return _ready(health, ready, ready.write)


@router.get(
    "/readyz/views", response_class=Response, operation_id="readyz_views", dependencies=_OPEN, openapi_extra=_READY
)
async def readyz_views(request: Request) -> Response:
    """Ask whether the views follow the ledger.

    Lists, queues, reports and search are views. A projector keeps them.
    """
    health, ready = await _asked(request)
    return _ready(health, ready, ready.views)


async def _asked(request: Request) -> tuple[Mapping[str, Any], Readiness]:
    """How the desk is. Raises Problem when the database does not answer: then it can do nothing."""
    context = context_of(request)
    try:
        health = await context.ask(context.views.health.status())
    except OperationalError as error:
        can = {"write": False, "read_views": False}
        raise Problem("unavailable", "the database cannot be reached at the moment", can=can) from error
    return health, readiness(health)


def _ready(health: Mapping[str, Any], ready: Readiness, why: str | None) -> Response:
    can = {"write": ready.write is None, "read_views": ready.views is None}
    if why is not None:
        raise Problem("unavailable", why, can=can)
    return json_response({"status": "ready", "can": can, **health})


@router.get(
    "/metrics",
    response_class=Response,
    operation_id="metrics",
    dependencies=_OPEN,
    openapi_extra=operation(OPEN, gives(_METRICS, told="The metrics.")),
)
async def metrics(request: Request) -> Response:
    """Read the metrics.

    In the format of Prometheus: the requests of this process, how far ledger and views are, and what each worker has done.
    """
    context = context_of(request)
    known: Metrics = request.app.state.metrics
    health = await context.ask(context.views.health.status())
    known.observe(health, await context.ask(context.views.health.figures()), context.pools())
    return Response(await in_thread(partial(generate_latest, known.registry)), media_type=CONTENT_TYPE_LATEST)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def landing(request: Request) -> HTMLResponse:
    """A small page that says what this is and where to go."""
    mails = context_of(request).caught is not None
    return page("landing", here=str(request.base_url).rstrip("/"), mails=mails)
