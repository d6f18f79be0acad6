"""docs/settings.md: every setting, from `infrastructure/settings.py`."""

from __future__ import annotations

from infrastructure.setting_names import settings_entries
from tools.pages.markdown import GENERATED, code, table

_HEAD = f"""# Settings

{GENERATED}

Every setting is an environment variable. Options of the command line go before the environment. `caseledger settings` prints the
present values, and exits with 1 when a `CASELEDGER_*` variable is no setting.

"""


def page() -> str:
    """The page."""
    rows = (
        (code(entry.variable), entry.type, entry.unit, code(entry.default), entry.meaning)
        for entry in settings_entries()
    )
    return _HEAD + table(("variable", "type", "unit", "default", "meaning"), rows)
