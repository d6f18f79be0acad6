"""docs/reports.md: every report with the definitions of its figures, from `application/reports`."""

from __future__ import annotations

from application.reports.definitions import DEFINITIONS
from application.reports.report import Definition
from tools.pages.markdown import GENERATED, code, table

_HEAD = f"""# Reports

{GENERATED}

What each report counts. `GET /reports` and `caseledger report --list` give the same definitions; `GET /reports/NAME` and
`caseledger report NAME` give the figures. [Reporting](reporting.md) explains periods, breakdowns, time zones, past moments and forms.

**Hours `_business`** are business time: by the hours of the policy in force when it happened. A case whose calendar is around the clock by
its latest assessment (R-4.1a) has its elapsed time instead. **Elapsed** hours never stop. A share is null where nothing is to be shared.

"""


def page() -> str:
    """The page."""
    rows = ((f"[`{each.name}`](#{_anchor(each)})", each.about, each.period) for each in DEFINITIONS)
    return _HEAD + table(("report", "definition", "period"), rows) + "".join(map(_section, DEFINITIONS))


def _section(definition: Definition) -> str:
    figures = ((code(each.name), each.unit, each.meaning) for each in definition.figures)
    by = ", ".join(map(code, definition.breakdowns))
    broken_down = f"By {by}, as the case stood at: {definition.case_as_of}.\n\n" if by else ""
    head = f"\n## {definition.name} (`{definition.version}`)\n{definition.about}\n\n"
    return (
        f"{head}Period: {definition.period}. {broken_down}"
        + ("" if by else "\n\n")
        + table(("figure", "unit", "definition"), figures)
    )


def _anchor(definition: Definition) -> str:
    return f"{definition.name}-{definition.version.replace('/', '')}"
