"""What processes log, and from which level on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from api.cli.console import configure_logging
from api.cli.options import settings_of


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    configuration = structlog.get_config()
    yield
    structlog.configure(**configuration)


@pytest.mark.parametrize(("level", "said"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_the_settings_name_the_level(
    level: str, said: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASELEDGER_LOG_LEVEL", level)
    settings_of(tmp_path)
    log = structlog.get_logger()
    log.debug("looked")
    log.info("listens")
    log.warning("fails")
    assert len(capsys.readouterr().err.splitlines()) == said


def test_without_a_setting_whatever_an_operator_should_know_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    structlog.get_logger().debug("looked")
    structlog.get_logger().info("listens")
    assert [line.count("listens") for line in capsys.readouterr().err.splitlines()] == [1]
