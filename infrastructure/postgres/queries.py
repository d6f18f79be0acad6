"""SQL lives in `.sql` files, one statement under each `-- name: x --` heading; this reads them."""

from __future__ import annotations

import re
from importlib.resources import files

_HEADING = re.compile(r"^-- name: (\w+) --$", re.MULTILINE)


def load(name: str, package: str = "infrastructure.postgres") -> dict[str, bytes]:
    """The statements of ``sql/<name>.sql`` in a package, by their headings."""
    text = files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    _, *parts = _HEADING.split(text)
    return {heading: sql.strip().encode() for heading, sql in zip(parts[::2], parts[1::2], strict=True)}
