"""The HTTP application: routes, errors, OpenAPI. The composition root gives it its context."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.http import console, problems
from api.http.context import Context
from api.http.entrance.door import Entrance
from api.http.metrics import Metrics
from api.http.openapi.document import described
from api.http.routes import (
    attachments,
    case_links,
    cases,
    commands,
    demo,
    dispute_links,
    docs,
    events,
    mail,
    messages,
    operations,
    reports,
    search,
    self_service,
)
from api.http.routes.administration import (
    approvals,
    catalogue,
    changes,
    grants,
    monitoring_sources,
    policy,
    saved_filters,
    webhooks,
    what_if,
)
from api.http.routes.audit import checks, conformance, reads, transparency
from api.http.routes.monitoring import alertmanager, cloudevents, pagerduty

Opening = Callable[[], AbstractAsyncContextManager[Context]]


def create_app(opening: Opening, *, logs_requests: bool = False) -> Entrance:
    """The application; ``opening`` gives it its context while it runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opening() as context:
            app.state.context = context
            yield

    app = FastAPI(
        title="Caseledger",
        version=version("caseledger"),
        description="A service desk whose record nobody can quietly rewrite. Refusals are problem documents, listed in docs/problems.md and at /problems/{name}.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a machine that is redirected sends nothing again (intake.md: never 3xx)
    )
    app.state.metrics = Metrics()
    problems.install(app)
    for module in (
        commands,
        attachments,
        messages,
        search,
        mail,
        alertmanager,
        cloudevents,
        pagerduty,
        monitoring_sources,
        webhooks,
        cases,
        reports,
        catalogue,
        changes,
        policy,
        what_if,
        grants,
        saved_filters,
        approvals,
        events,
        transparency,
        conformance,
        checks,
        reads,
        dispute_links,
        self_service,
        case_links,
        demo,
        operations,
        docs,
        console,
    ):
        app.router.routes.extend(module.router.routes)  # flat: a router in a router matches each path twice
    docs.mount_files(app)
    routes = {
        (method, each.path): each for each in app.routes if isinstance(each, APIRoute) for method in each.methods or ()
    }
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return Entrance(
        app,
        app.state.metrics,
        {key: (routes[key], handle) for key, handle in {**commands.DIRECT, **cases.DIRECT, **console.DIRECT}.items()},
        (self_service.PATHS, dispute_links.PATHS),
        logs_requests=logs_requests,
    )
