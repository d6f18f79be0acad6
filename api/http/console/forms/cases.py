"""The forms of commands on a case."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.console.fields import choice
from api.http.console.forms.beside import BESIDE
from api.http.console.forms.command_form import CommandForm
from api.http.console.forms.work import WORK

CASE_FORMS: Mapping[str, CommandForm] = {**WORK, **BESIDE}
"""The forms by the names of their commands, the usual ones first."""
BULK: Mapping[str, CommandForm] = {
    "assign": CommandForm("Assign many", "Assign", (choice("team", "Team", "teams"),), "", "Assigned."),
    "prioritize": CommandForm(
        "Set the priority of many", "Set priority", CASE_FORMS["prioritize"].fields[:2], "", "Priority set."
    ),
}
"""Commands on many cases at once."""
