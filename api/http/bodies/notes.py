"""SOP 5.2: add a note."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict

from api.http.bodies.base import Body
from api.http.fields import Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request


class NoteBody(Body):
    """Add a note to a case, in any status."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "called back, no answer"}]})
    text: Annotated[Text, such_as("called back, no answer")]
    """The note."""
    visible_to_customer: Annotated[bool, such_as(False)] = False
    """Whether the customer reads it. Their own notes they always read."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.logging.note(number, self.text, self.visible_to_customer, request)
