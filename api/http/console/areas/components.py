"""Every component of the console on one page, for those who build pages (docs/console-design.md)."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request
from fastapi.responses import Response

from api.http.console.access import Anybody
from api.http.console.fields import Field, Kind, choice, line, options, text, yes_no
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.console.timeline import Line, Said
from domain.case.status import Status

router = area()
_TOKENS = (
    "page",
    "raised",
    "sunken",
    "line",
    "text",
    "muted",
    "accent",
    "p1",
    "p2",
    "p3",
    "p4",
    "good",
    "bad",
    "warn",
    "past",
)
_FIELDS = (
    line("subject", "Subject", hint="In one line."),
    text("description", "Description", required=False),
    choice("team", "Team", options(network="Network and printing", messaging="Mail and calendar")),
    yes_no("satisfied", "Is the customer satisfied?"),
    Field("visible", "The customer reads it", Kind.CHECK),
)


@router.get("/components")
async def components(request: Request, actor: Anybody) -> Response:
    """The components, each in its states."""
    frame = await frame_of(request, actor)
    now = frame.now
    spoken = Line(
        2, 812, (now - timedelta(minutes=4)).isoformat(), now.isoformat(), "the customer", "customer", "email", "wrote", "mail",
        True, False, None, [Said("Text", "It still does not print.\nThe lamp is red now."), Said("Quoted", "> Does the lamp blink?", "Quoted text")],
        [{"name": "lamp.png", "size": 48_213}], False,
    )  # fmt: skip
    done = Line(
        3, 913, (now - timedelta(minutes=1)).isoformat(), now.isoformat(), "t.lee", "team member, network", "console",
        "accepted it", "hand", False, False, "on the way to floor 2", [], [], False,
    )  # fmt: skip
    return show(
        frame,
        "gallery",
        title="Components",
        tokens=_TOKENS,
        statuses=list(Status),
        fields=_FIELDS,
        targets=[
            (now + timedelta(hours=5), now - timedelta(hours=1)),
            (now + timedelta(minutes=20), now - timedelta(hours=3)),
            (now - timedelta(hours=2), now - timedelta(hours=5)),
        ],
        lines=(spoken, done),
        rows=[("Printing", 42, "42"), ("E-mail and calendar", 31, "31"), ("Payroll", 9, "9")],
    )
