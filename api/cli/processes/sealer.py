"""The sealer's process, separate from all others and small: `python -m api.cli.processes.sealer`, or `worker sealer`.

It alone holds the log's key.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import partial

import structlog

from api.cli.console import configure_logging, could_not_run
from api.cli.options import database_of, settings_of
from api.cli.processes.worker_process import persist, stop_when_told
from infrastructure.postgres.database import Database
from infrastructure.postgres.workers.operations import Pulse
from infrastructure.postgres.workers.turns import Turn
from infrastructure.settings import Settings
from infrastructure.transparency.log_reader import LogReader
from infrastructure.transparency.publication.publisher import Publisher, make_publisher
from infrastructure.transparency.sealer import Published, Sealer
from infrastructure.transparency.sealer_folder import SealerFolder, SealingRefused

log = structlog.get_logger()


def seal(settings: Settings, database: Database, stop: threading.Event) -> None:
    """Seal until told to stop. When sealing is refused, report why, stand still and look again: `tlog restart` mends it."""
    try:
        publisher = publisher_of(settings, database)
    except (ValueError, OSError) as error:
        could_not_run(f"what holds checkpoints outside is not set up right: {error}")
    pulse = Pulse(database, "sealer", "sealer")
    with publisher:
        run = partial(_seal_once, settings, database, stop, publisher.publish, pulse)
        persist("sealer", stop, run, OSError, SealingRefused)
    pulse.leave()


def _seal_once(
    settings: Settings, database: Database, stop: threading.Event, published: Published, pulse: Pulse
) -> None:
    folder = sealer_folder_of(settings)
    with database.connect("sealer") as connection:
        Turn(connection, "sealer").take(stop)
        if stop.is_set():
            return
        try:
            Sealer(connection, folder, settings.log_name).run(stop, published, pulse.beat)
        except SealingRefused as why:
            pulse.fails(why)
            folder.refuse(str(why))
            log.error("the sealer refuses to sign", why=str(why))
            raise


def publisher_of(settings: Settings, database: Database) -> Publisher:
    """What the settings say about holding checkpoints outside. Raises ValueError, OSError."""
    return make_publisher(
        database,
        sealer_folder_of(settings),
        lambda connection, log: LogReader(connection, log).hashes,
        witnesses=settings.witnesses,
        tsa_url=settings.tsa_url,
        tsa_ca_file=settings.tsa_ca_file,
        held_dir=settings.held_dir,
    )


def seal_all(settings: Settings, database: Database) -> None:
    """Seal the events up to now, unless another sealer has the turn. Raises SealingRefused."""
    with database.connect("sealer") as connection:
        if Turn(connection, "sealer").is_free():
            sealer = Sealer(connection, sealer_folder_of(settings), settings.log_name)
            sealer.resume()
            while sealer.seal():
                pass


def seals_here(settings: Settings) -> bool:
    """Whether a command may start a sealer for its own time. An operator's database is sealed where its key is."""
    return settings.database_url is None or sealer_folder_of(settings).has_keys


def sealer_folder_of(settings: Settings) -> SealerFolder:
    """The sealer's own folder."""
    return SealerFolder(settings.sealer_folder)


_POLITE = 10
"""Nice value: processes whose callers wait go first."""

if __name__ == "__main__":
    configure_logging()
    os.nice(_POLITE)
    given = settings_of(None)
    with database_of(given) as opened:
        seal(given, opened, stop_when_told(tethered="--tethered" in sys.argv))
