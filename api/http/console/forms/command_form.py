"""What a form of a command is, and the options that several forms share."""

from __future__ import annotations

from dataclasses import dataclass

from api.http.console.fields import Field, options


@dataclass(frozen=True)
class CommandForm:
    """How a command is given on a page."""

    title: str
    button: str
    fields: tuple[Field, ...] = ()
    explained: str = ""
    done: str = "Done."
    gives: str = ""
    """The command that it gives; the one of its own name, unless given."""
    to_customers: tuple[str, str] | None = None
    """Title and explanation as customers read them."""


CASE = "INC-0000000"
METHOD = "method"
LEVELS = options(**{"1": "1 · High", "2": "2 · Medium", "3": "3 · Low"})
PRIORITIES = options(**{"1": "P1", "2": "P2", "3": "P3", "4": "P4"})
REACHED = options(informed="Reached", failed="Not reached")
CHANNELS = options(phone="Telephone", email="E-mail", walk_in="In person", self_service="Self service")
CORRECTABLE = options(
    agency="Agency",
    external_ref="Number in another system",
    nature="Nature (actual or impending)",
    subject="Subject",
    location="Location",
    asset="Asset",
    callback="Callback",
    name="Customer's name",
    description="Description",
    symptoms="Symptoms",
    email="Customer's e-mail",
    phone="Customer's telephone",
)
