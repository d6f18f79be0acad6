"""The HTTP application: its routers, its errors, its OpenAPI. It is given its context; it makes nothing itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api.http import (
    approvals,
    attachments,
    commands,
    demo,
    explorer,
    feed,
    following,
    intake,
    links,
    messages,
    monitoring,
    office,
    operations,
    problems,
    reading,
    reports,
    searching,
    selfservice,
    sources,
    transparency,
)
from api.http.confidential import Confidential
from api.http.context import Context
from api.http.metrics import HeadAsGet, Measured, Metrics
from api.http.openapi import described

Opening = Callable[[], AbstractAsyncContextManager[Context]]


def create_app(opening: Opening) -> FastAPI:
    """The application; ``opening`` gives it its context for as long as it runs."""

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
    app.add_middleware(Confidential, paths=(selfservice.PATHS, links.PATHS))
    app.add_middleware(HeadAsGet)
    app.add_middleware(Measured, metrics=app.state.metrics)
    problems.install(app)
    for module in (
        commands,
        attachments,
        messages,
        searching,
        intake,
        monitoring,
        sources,
        reading,
        reports,
        office,
        approvals,
        feed,
        transparency,
        links,
        selfservice,
        following,
        demo,
        operations,
        explorer,
    ):
        app.include_router(module.router)
    explorer.mount_files(app)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app
