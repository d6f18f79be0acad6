"""The demonstration as a newcomer tries its mail: write to the desk, read what it answers, answer that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.mail.correspondence import mail
from tests.acceptance.mail.servers import deliver
from tests.acceptance.operating import Served, event_of, folder, served

__all__ = ["folder", "served"]


def acknowledgements(http: httpx.Client) -> Iterator[dict[str, Any]]:
    while True:
        for item in http.get("/demo/mail").json()["items"]:
            if "] Received" in item["subject"]:
                yield item


def test_a_mail_to_the_demonstration_is_acknowledged_and_can_be_answered_there(served: Served) -> None:
    (line,) = [line for line in served.lines if line.startswith("Mails to the desk")]
    found = re.fullmatch(r"Mails to the desk, (\S+): SMTP at 127\.0\.0\.1:(\d+)", line)
    assert found is not None, line
    raw = mail(sender="Ann Lee <ann.lee@agency.example>")
    assert deliver(int(found[2]), raw, "ann.lee@agency.example", found[1]).startswith("250 2.0.0 opened ")
    with served.client("auditor") as http:
        case = event_of(http, "message.queued", "acknowledged")["data"]["case"]
        answer = next(acknowledgements(http))
        assert answer["to"] == ["ann.lee@agency.example"]
        assert case in answer["subject"]
        page = http.get(f"/demo/mail/{answer['id']}", headers={"Accept": "text/html"})
        (action,) = re.findall(r'action="([^"]+)"', page.text)
        told = http.post(action, data={"text": "It is on floor 2."})
        assert told.json()["outcome"] == "reply"
        assert http.post(action, data={"text": ""}).status_code == 422
        assert http.post("/demo/mail/99999/reply", data={"text": "x"}).status_code == 404
        assert event_of(http, "case.message_received")["by"]["subject"] == "mail.gateway"


def test_nobody_but_the_demonstration_takes_replies(tmp_path: Path, running: Any) -> None:
    assert running.anonymous().post("/demo/mail/1/reply", data={"text": "x"}).status_code == 404
