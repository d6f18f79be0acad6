"""Programs from outside that read our OpenAPI document, in the folder where `make .venv/.dev` puts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import RunningDesk, done, served
from tests.conftest import cloned

CONTRACT = Path(sys.prefix) / "contract"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def desk(server: str, tmp_path: Path) -> Iterator[RunningDesk]:
    """A served desk that nobody limits: every request comes from one address."""
    with cloned(server) as database, served(database, tmp_path / "keys", reports_per_hour=1_000_000) as running:
        yield running


@pytest.fixture
def document(desk: RunningDesk, tmp_path: Path) -> Path:
    """Its OpenAPI document as a file."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(done(desk.anonymous().get("/openapi.json"))), "utf-8")
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Run:
    """Run a module from outside, in a folder of its own."""
    if not CONTRACT.is_dir():
        pytest.skip("the programs of requirements/contract.in are not installed (make .venv/.dev does)")

    def run(module: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        known = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(CONTRACT), str(Path(__file__).parents[3]))),
            "NO_COLOR": "1",
            **environment,
        }
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=tmp_path,
            env=known,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run
