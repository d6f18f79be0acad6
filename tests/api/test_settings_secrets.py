"""No setting that holds a secret is told again: not by the list of settings, and not where it is wrong."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from api.cli.main import app
from infrastructure.settings import Settings

MARK = "zq5ecret"
SECRETS = {
    *(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)),
    *("database_url", "read_database_url"),
}


def test_neither_the_list_nor_the_settings_tell_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SECRETS) > 4
    for name in SECRETS:
        monkeypatch.setenv(f"CASELEDGER_{name.upper()}", MARK if "url" not in name else f"postgresql://u:{MARK}@h/x")
    for words in (["settings"], ["settings", "--json"]):
        told = CliRunner().invoke(app, words)
        assert (told.exit_code, MARK in told.output) == (0, False)
    assert json.loads(told.stdout)
    assert MARK not in f"{Settings()} {Settings()!r}"


def refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    """What a command says of a setting that is wrong: its name, and nothing of what is marked in its value."""
    monkeypatch.setenv(f"CASELEDGER_{name.upper()}", value)
    told = CliRunner().invoke(app, ["status"])
    assert (told.exit_code, name in told.output, MARK in told.output) == (2, True, False), told.output
    return told.stderr


@pytest.mark.parametrize("name", ["database_url", "read_database_url"])
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://desk:{MARK}%zz@localhost/x",
        f"postgresql://desk:{MARK}/zz@localhost/x",
        f"postgresql://desk:123/{MARK}@localhost/x",
        f"postgresql://desk:zz@{MARK}@localhost/x",
        f"postgresql://desk:{MARK}@localhost:port/x",
        f"host=localhost password='{MARK}",
        f"{MARK}",
    ],
)
def test_an_address_of_a_database_that_is_none_is_refused_without_a_word_of_it(
    name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no libpq connection string" in refusal(monkeypatch, name, url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://desk:p%40ss%2Fw%25rd@db.example:5432/caseledger",
        "postgresql://desk@one.example:5432,two.example:5433/caseledger?target_session_attrs=read-write",
        "postgresql:///caseledger?host=/run/postgresql",
        "host=/run/postgresql dbname=caseledger password='a@b/c'",
    ],
)
def test_an_address_of_a_database_is_accepted(url: str) -> None:
    assert Settings(database_url=url).database_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tsa_url", f"https://user:{MARK}@tsa.example"),
        ("tsa_url", f"ftp://user:{MARK}@tsa.example"),
        ("public_url", f"https://user:{MARK}@desk example"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_its_password_is_not_told(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal(monkeypatch, name, value)


def test_every_password_is_a_secret() -> None:
    named = {name for name in Settings.model_fields if any(word in name for word in ("password", "secret"))}
    assert all(Settings.model_fields[name].annotation == SecretStr | None for name in named)
    assert named < SECRETS
