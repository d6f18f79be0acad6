"""Which releases work on one schema together: how processes are replaced one by one while the desk goes on.

A migration expands: it adds what the next release needs and leaves what the last one uses. What nobody uses any more goes
in a later release. The database says up to which migration it is (`level`), and which one a process must know (`needs`).
"""

from __future__ import annotations

from importlib.resources import files

NEEDS = 74
"""The number of the last migration that took something away. Releases that do not know it cannot work beside this one."""


def _level() -> int:
    folder = files("infrastructure.postgres").joinpath("migrations")
    return max(int(each.name[:4]) for each in folder.iterdir() if each.name.endswith(".sql"))


LEVEL = _level()
"""The number of the last migration that this release knows."""


def why_too_old(needs: int | None) -> str | None:
    """Why this release cannot work with a database that needs a migration; None where it can."""
    if needs is None or needs <= LEVEL:
        return None
    return (
        f"a newer release has changed the database: its processes must know migration {needs}, and this release knows "
        f"{LEVEL}; start the newer release"
    )


def why_too_new(level: int | None) -> str | None:
    """Why this release cannot work with a database that was migrated so far; None where it can."""
    if level is not None and level >= LEVEL:
        return None
    return "the database is that of an older release: run `caseledger migrate` as a user who may set it up"
