"""docs/reporting-schema.md: the views of the schema `reporting`, from the comments in a database that is migrated for this."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from infrastructure.exports.reporting_views import ReportingView, reporting_views
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate
from tools.pages.markdown import GENERATED, code, table

_HEAD = f"""# The reporting schema

{GENERATED}

The schema `reporting` is a product of its own: plain views for jobs, spreadsheets and business intelligence, whatever the tables behind them become.

- **No personal data.** No words, no contact data, no customer. Staff stand in it by their subjects.
- **One position.** All views are as of the position in `reporting.position`, whatever is recorded meanwhile. One transaction
  (`BEGIN ISOLATION LEVEL REPEATABLE READ`) reads several views at one position.
- **Stable.** A release adds views and columns. It renames none and changes no type: a test holds the names and types of every release.
- **Plain types.** Numbers, texts, moments (`timestamp with time zone`), true or false, and `uuid`. An interval is two columns.

## Connect

Sign in as `desk_reporter`. The role reads this schema and nothing else, and writes nothing. A statement ends after 15 minutes; the operator changes that
with `ALTER ROLE desk_reporter SET statement_timeout = '1h'`.

| you run | connect with |
|---|---|
| `make serve`, or `caseledger serve` | `psql "host=$PWD/.data/socket dbname=caseledger user=desk_reporter"` on the same machine, as the account that runs it or as root. There is no password and no port: the server listens on a socket in a private folder. `caseledger status` prints the folder as `database` (a data directory with a long path has its socket elsewhere) |
| your own PostgreSQL | `psql postgresql://desk_reporter:PASSWORD@HOST:5432/caseledger`, once `ALTER ROLE desk_reporter PASSWORD '...'` has set one |
| `docker compose up` | `docker compose exec db psql -U desk_reporter caseledger` on the host; `postgresql://desk_reporter:$DESK_PASSWORD@db/caseledger` from a container of the same project. The database has no port outside |

psycopg and ADBC take the same text that stands after `psql`. [Exports](exports.md) shows psycopg, Polars, ADBC and DuckDB at work, and writes all views as Parquet or CSV.

## Views

"""


def page() -> str:
    """The page. It starts a PostgreSQL for itself."""
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    folder.chmod(0o755)  # the server's own account reaches it
    try:
        with embedded_server(folder, fsync=False) as conninfo:
            database = Database(conninfo, embedded=True)
            migrate(database)
            with database.connect("auditor") as connection:
                return text_of(reporting_views(connection))
    finally:
        shutil.rmtree(folder)


def text_of(views: Iterable[ReportingView]) -> str:
    """The page about these views."""
    return _HEAD + "\n".join(_section(view) for view in views)


def _section(view: ReportingView) -> str:
    parted = f" Parquet files are parted by the month of `{view.month_of}`." if view.month_of else ""
    rows = ((code(column.name), column.type, column.comment) for column in view.columns)
    return f"### {view.name}\n\n{view.comment}{parted}\n\n{table(('column', 'type', 'meaning'), rows)}"
