"""Keys that sign tokens and links: two can overlap, and a rotation voids nothing that is valid (issue 12, 4)."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.execution.principals import Unauthenticated
from domain.values import Role
from infrastructure.identity.signing_keys import SigningKeys, kept_keys, retire_key, rotate_keys
from infrastructure.identity.tokens import LINK_LIVES, Tokens

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def process(folder: Path) -> Callable[[], Tokens]:
    """A process of the desk, with its own memory of the keys."""
    return lambda: Tokens(folder, "https://desk.example", "caseledger")


def signed(tokens: Tokens) -> tuple[str, str, str]:
    """A bearer token and both kinds of links."""
    return (
        tokens.issue(Role.TECHNICIAN, "a.ortiz", None, DAY),
        tokens.dispute_link("INC-0000001", 8, "jo", 0),
        tokens.follow_link("INC-0000001", "jo", 0),
    )


def valid(tokens: Tokens, given: tuple[str, str, str]) -> list[bool]:
    """Which of them open something."""
    told = []
    for read, one in zip((tokens.verify, tokens.read_link, tokens.read_follow_link), given, strict=True):
        try:
            read(one)
        except Unauthenticated:
            told.append(False)
        else:
            told.append(True)
    return told


def test_a_rotation_voids_no_token_and_no_link_in_any_process(folder: Path, process: Callable[[], Tokens]) -> None:
    running, given = process(), [signed(process())]
    assert valid(running, given[0]) == [True] * 3
    for _ in range(3):
        rotate_keys(folder)
        given.append(signed(process()))
        for each in given:
            assert valid(running, each) == [True] * 3, "in a process that was running"
            assert valid(process(), each) == [True] * 3, "in one that has just begun"
    kids = {jwt.get_unverified_header(one)["kid"] for each in given for one in each}
    assert kids == {key.id for key in kept_keys(folder)}
    assert len(kids) == 4


def test_a_running_process_signs_with_the_new_key_at_once(folder: Path, process: Callable[[], Tokens]) -> None:
    running = process()
    old, new = rotate_keys(folder)
    assert old != new
    assert {jwt.get_unverified_header(one)["kid"] for one in signed(running)} == {new}


def test_what_a_retired_key_signed_is_void_at_once_also_where_it_was_remembered(
    folder: Path, process: Callable[[], Tokens]
) -> None:
    running = process()
    given = signed(running)
    assert valid(running, given) == [True] * 3
    old, new = rotate_keys(folder)
    later = signed(running)
    with pytest.raises(KeyError):
        retire_key(folder, new)
    retire_key(folder, old)
    assert (valid(running, given), valid(running, later)) == ([False] * 3, [True] * 3)
    with pytest.raises(KeyError):
        retire_key(folder, old)


def test_what_was_signed_before_keys_had_names_is_valid_after_a_rotation(
    folder: Path, process: Callable[[], Tokens]
) -> None:
    running, keys = process(), SigningKeys(folder)
    claims = jwt.decode(signed(running)[0], options={"verify_signature": False})
    unnamed = jwt.encode(claims, keys.private, algorithm="EdDSA", headers={"typ": "at+jwt"})
    rotate_keys(folder)
    assert running.verify(unnamed).subject == "a.ortiz"
    foreign = SigningKeys(folder.parent / "foreign").private
    for header in ({}, {"kid": keys.id}, {"kid": "nobody's"}):
        forged = jwt.encode(claims, foreign, algorithm="EdDSA", headers={"typ": "at+jwt", **header})
        with pytest.raises(Unauthenticated):
            running.verify(forged)


def test_a_rotation_keeps_no_private_half_but_the_one_that_signs(folder: Path, process: Callable[[], Tokens]) -> None:
    process()
    rotate_keys(folder)
    files = {file.name: file.read_text(encoding="latin-1") for file in folder.iterdir() if file.is_file()}
    assert [name for name, text in files.items() if "PRIVATE KEY" in text] == ["token.pem"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_the_command_line_lists_rotates_and_retires(tmp_path: Path, folder: Path) -> None:
    def keys(*arguments: str, code: int = 0) -> str:
        told = CliRunner().invoke(app, ["keys", *arguments, "--data-dir", str(tmp_path)])
        assert told.exit_code == code, told.output
        return told.output

    (first,) = kept_keys(folder)
    keys("rotate")
    current, older = kept_keys(folder)
    assert (older.id, current.signs, older.signs) == (first.id, True, False)
    listed = keys("list")
    assert f"{current.id}  signs" in listed
    assert f"{older.id}  verifies; its last link ends" in listed
    assert "verifies links until" in keys("retire", older.id, code=1)
    assert "is no older key" in keys("retire", current.id, code=2)
    gone = (datetime.now(UTC) - LINK_LIVES - DAY).timestamp()
    os.utime(folder / f"token-{older.id}.pub", (gone, gone))
    assert "verifies no more" in keys("retire", older.id)
    keys("rotate")
    keys("retire", current.id, "--compromised")
    assert [key.signs for key in kept_keys(folder)] == [True]
