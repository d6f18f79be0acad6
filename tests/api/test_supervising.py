"""What `serve` starts beside the API."""

from __future__ import annotations

import pytest

from api.cli.processes.supervisor import WORKERS, set_up
from infrastructure.settings import Settings


@pytest.mark.parametrize(
    ("settings", "idle"),
    [
        ({}, {"smtp", "imap"}),
        ({"smtp_listen": "127.0.0.1:2525"}, {"imap"}),
        ({"lmtp_listen": "127.0.0.1:2424"}, {"imap"}),
        ({"imap_host": "mail.example"}, {"smtp"}),
    ],
)
def test_mail_comes_in_by_the_ways_that_are_set_up_only(settings: dict[str, str], idle: set[str]) -> None:
    assert set(WORKERS) - set(set_up(Settings.model_validate(settings))) == idle
