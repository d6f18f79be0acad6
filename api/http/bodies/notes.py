"""SOP 5.2: add a note."""

from __future__ import annotations

from pydantic import ConfigDict

from api.http.bodies.base import Body
from api.http.fields import (
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request


class NoteBody(Body):
    """Add a note."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "called back, no answer"}]})
    text: Text
    visible_to_customer: bool = False

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.note(number, self.text, self.visible_to_customer, request)
