"""Mails as their writers' programs make them, answers to real mails of the desk among them."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from domain.values import Role
from infrastructure.mail.catcher import Caught
from tests.acceptance.conftest import Answer, Caller, RunningDesk, done
from tests.acceptance.travelling import mails, read

CUSTOMER = "jo.field@agency.example"


def gateway(desk: RunningDesk) -> Caller:
    """The mail server's own account."""
    return desk.caller(Role.INTAKE, "mail.gateway")


def hand_in(desk: RunningDesk, raw: bytes, received_at: datetime | None = None) -> Answer:
    given = {"received_at": received_at.isoformat()} if received_at else None
    headers = {"Content-Type": "message/rfc822"}
    return gateway(desk).http.post("/intake/email", content=raw, headers=headers, params=given)


def sent_in(desk: RunningDesk, raw: bytes, received_at: datetime | None = None) -> dict[str, Any]:
    """What became of a mail."""
    answer: dict[str, Any] = done(hand_in(desk, raw, received_at))
    return answer


def mail(text: str = "Nothing comes out.", sender: str | None = None, **headers: str) -> bytes:
    """A mail that a person wrote, another one each time; a header's name is written with _ for -."""
    thing = secrets.token_hex(4)
    first = {
        "From": sender or f"someone.{thing}@agency.example",
        "Subject": f"Printer {thing}",
        "Message-ID": f"<{thing}@agency.example>",
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in {**first, **given}.items()]
    return "\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", text, ""]).encode()


def customer_of(desk: RunningDesk, number: str) -> str:
    address: str = read(desk, number)["customer"]["email"]
    return address


def letter(desk: RunningDesk, number: str) -> Caught:
    """The last mail that the desk sent about a case."""
    return mails(desk, number)[-1]


def reply(desk: RunningDesk, number: str, text: str, sender: str | None = None, **headers: str) -> bytes:
    """An answer to that mail, as the customer's program makes it: what it answers, and that repeated below."""
    ours = letter(desk, number)
    quoted = "\r\n".join(f"> {line}" for line in ours.text.splitlines())
    return mail(
        f"{text}\r\n\r\nOn Mon, 5 Oct 2026, Service desk wrote:\r\n{quoted}",
        sender or f"Jo Field <{customer_of(desk, number)}>",
        **{
            "To": str(ours.parsed["Reply-To"]),
            "Subject": f"Re: {ours.subject}",
            "In-Reply-To": ours.message_id,
            "References": f"{ours.parsed['References']} {ours.message_id}",
            **headers,
        },
    )
