"""What is answered where nobody is left to read it."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI, Request

from api.http import problems
from api.http.requests import raw_body


def test_a_body_that_breaks_off_is_no_error_of_ours() -> None:
    app, said = FastAPI(), list[MutableMapping[str, Any]]()
    problems.install(app)

    @app.post("/")
    async def receive(request: Request) -> None:
        await raw_body(request)

    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "app": app}
    asyncio.run(app(scope, gone, send))
    assert said[0]["status"] == 400
