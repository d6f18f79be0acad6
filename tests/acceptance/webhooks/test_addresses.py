"""What a webhook may not be, and where it leads by default (`tests/infrastructure/webhooks` has the rest)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.webhooks.conftest import Hooks
from tests.acceptance.webhooks.receiver import Receiver


def test_by_default_no_private_address_is_reached(hooks: Hooks, receivers: Callable[..., Receiver]) -> None:
    receiver = receivers(tls=True)
    hooks.subscribe(receiver.url)
    hooks.desk.log()
    hooks.work(webhook_networks="", webhook_retries="600")
    hooks.until(hooks.attempts)
    assert [(each["status"], each["error"]) for each in hooks.attempts()] == [(None, "address")]
    assert not receiver.received


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"contact": {"url": "https://u:p@hub.example/"}}, "/contact/url"),
        ({"contact": {"url": "ftp://hub.example/"}}, "/contact/url"),
        ({"contact": {"url": "https://hub.example:0/"}}, "/contact/url"),
        ({"contact": {}}, "/contact/url"),
        ({"topics": ["case.loged"]}, "/topics/0"),
        ({"topics": ["case.*", "nonsense.*"]}, "/topics/1"),
        ({"topics": ["*.logged"]}, "/topics/0"),
        ({"topics": []}, "/topics"),
        ({"owner": "nobody"}, "/owner"),
        ({"owner": "admin"}, "/owner"),
    ],
)
def test_what_could_never_be_sent_is_refused(hooks: Hooks, change: dict[str, Any], pointer: str) -> None:
    entry = {"name": "Hub", "owner": "hub.owner", "contact": {"url": "https://hub.example/"}, **change}
    answer = hooks.admin.http.put("/webhooks/hub", json=entry, headers={"If-Match": "*"})
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_the_key_of_all_secrets_is_a_file_that_only_its_owner_reads(hooks: Hooks, tmp_path: Path) -> None:
    assert (tmp_path / "keys" / "webhooks.key").stat().st_mode & 0o777 == 0o600
