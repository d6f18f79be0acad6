"""The floor under `POST /cases` and `GET /cases/{number}`: sync FastAPI endpoints that do nothing, in their own process.

The POST validates the same body. Server and interpreter have the settings of ours.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import uvicorn
from fastapi import FastAPI
from pydantic import ConfigDict

from api.cli.processes.server import Server
from api.http.bodies.logging import LogBody
from api.interpreter import tune_interpreter


class Incident(LogBody):
    """Ours, but lenient: FastAPI validates what it has parsed, where a date is a string still."""

    model_config = ConfigDict(strict=False)


app = FastAPI()


@app.post("/cases", status_code=201, response_model=None)  # a model would cost it a second thread, a third of its speed
def log(_incident: Incident) -> dict[str, str]:
    """Answer at once."""
    return {"number": "INC-0000001"}


@app.get("/cases/{number}", response_model=None)
def read(number: str) -> dict[str, str]:
    """Answer at once."""
    return {"number": number}


if __name__ == "__main__":
    tune_interpreter()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    Server(config, []).run()
