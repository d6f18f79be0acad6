"""A command that fails in a way nobody thought of could not run: exit 2, and the log says why."""

from __future__ import annotations

from typing import NoReturn

import pytest

from api.cli import main


def test_an_error_that_nobody_caught_is_exit_2_and_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> NoReturn:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert "nobody thought of this" in told.out + told.err
