"""docker-compose.yml: valid by the Compose schema, and true to the code it starts.

No Docker engine runs where these tests run: the file is checked, not started.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import CliRunner

from api.cli.main import app
from infrastructure.settings import Settings
from tests.conftest import TestDatabase

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def test_it_is_valid_by_the_compose_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_command_and_setting_in_it_exists(compose: dict[str, Any]) -> None:
    known = {f"CASELEDGER_{name.upper()}" for name in Settings.model_fields}
    for name in ("migrate", "api", "projector", "sealer", "processes", "mail", "webhooks", "smtp"):
        service = compose["services"][name]
        helped = CliRunner().invoke(app, [service["command"][0], "--help"]).stdout
        assert all(option in helped for option in service["command"] if option.startswith("--"))
        assert {key for key in service["environment"] if key.startswith("CASELEDGER_")} <= known
    for source in re.findall(
        r"^COPY (?!.*requirements/run)(.*) \S+$", compose["x-desk"]["build"]["dockerfile_inline"], re.MULTILINE
    ):
        assert all((ROOT / part).exists() for part in source.split())


def test_the_roles_it_creates_are_those_of_the_migrations(compose: dict[str, Any], database: TestDatabase) -> None:
    (loop,) = re.findall(r"for role in (.*);", compose["configs"]["roles"]["content"])
    with psycopg.connect(database.superuser) as superuser:
        rows = superuser.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'desk_%' AND rolcanlogin").fetchall()
    assert sorted(loop.split()) == sorted(name for (name,) in rows)


def test_only_the_proxy_is_reached_from_other_machines(compose: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert published.pop("proxy") == ["80:80", "443:443"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_no_log_grows_without_end(compose: dict[str, Any]) -> None:
    bounds = [service["logging"]["options"] for service in compose["services"].values()]
    assert all({"max-size", "max-file"} <= set(each) for each in bounds)
