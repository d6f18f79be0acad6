"""Mail in: mail servers deliver to us (`worker smtp`), or we look into a mailbox (`worker imap`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog

from api.cli.worker_process import LATE
from api.main import addresses_of, clock_of, open_desk
from application.mail_in.delivery import admit_gateway, taking
from application.mail_in.failures import Failures
from infrastructure.mail.imap_client import Mailbox, Place, read_new
from infrastructure.mail.smtp_server import Certificate, Gateway, listening
from infrastructure.postgres.database import Database
from infrastructure.postgres.workers.operations import Pulse
from infrastructure.settings import Settings

log = structlog.get_logger()

_BACKOFF = (1.0, 5.0, 30.0, 120.0, 300.0)
"""Seconds before what has failed is tried again; the last for every further time."""
_BEAT = 10.0


def listen(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Take mail in by SMTP and LMTP until told to stop; an address that is taken, or a certificate, is waited for."""
    if settings.smtp_listen is None and settings.lmtp_listen is None:
        log.info("no mail is taken in by SMTP (CASELEDGER_SMTP_LISTEN, CASELEDGER_LMTP_LISTEN)")
        stop.wait()
        return
    _persist(pulse, 0, stop, lambda: _listen_once(settings, database, stop, pulse))


def _listen_once(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    addresses, failures = addresses_of(settings), Failures(settings.tries)
    with ExitStack() as until, open_desk(database, clock_of(settings), addresses=addresses) as desk:
        admit_gateway(desk)
        for kind, where in (("smtp", settings.smtp_listen), ("lmtp", settings.lmtp_listen)):
            if where is None:
                continue
            host, _, port = where.rpartition(":")
            gateway = Gateway(addresses.domain, addresses.takes, taking(desk, kind, failures))
            until.callback(gateway.close)
            until.enter_context(
                listening(gateway, host.strip("[]"), int(port), lmtp=kind == "lmtp", certificate=_certificate(settings))
            )
            log.info("listening", worker=kind, address=where)
        while not stop.is_set():
            pulse.beat()
            stop.wait(_BEAT)
        until.close()  # nobody is told 250 by a desk that is closed


def _persist(pulse: Pulse, pause: float, stop: threading.Event, run: Callable[[], object]) -> None:
    """Run, pause and run again until told to stop; after a failure ever more slowly.

    Any failure: one message that cannot be taken in must not end the work of all others in this process.
    """
    failed = 0
    while not stop.is_set():
        try:
            run()
            failed, wait = 0, pause
        except Exception as error:  # noqa: BLE001 - idem
            log.warning("worker interrupted", worker=pulse.worker, error=str(error) or repr(error))
            wait = _BACKOFF[min(failed, len(_BACKOFF) - 1)]
            pulse.fails(error, within=wait + LATE)
            failed += 1
        stop.wait(wait)


def _certificate(settings: Settings) -> Certificate | None:
    return Certificate(settings.smtp_cert_file, settings.smtp_key_file) if settings.smtp_cert_file else None


def poll(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Look into the mailbox until told to stop; what fails is tried again, ever more slowly."""
    if settings.imap_host is None:
        log.info("no mailbox is read by IMAP (CASELEDGER_IMAP_HOST)")
        stop.wait()
        return
    failures = Failures(settings.tries)

    def look() -> None:
        pulse.beat(settings.imap_interval + LATE)
        poll_once(settings, database, stop, failures)

    _persist(pulse, settings.imap_interval, stop, look)


def poll_once(
    settings: Settings,
    database: Database,
    stop: threading.Event | None = None,
    failures: Failures | None = None,
) -> int:
    """Take in what is new in the mailbox; returns how many. Raises what reading and recording raise."""
    if settings.imap_host is None:
        return 0
    mailbox, stop = _mailbox(settings, settings.imap_host), stop or threading.Event()
    place = Place(Path(settings.data_dir) / "mailbox.json", mailbox.name)
    taken = 0
    with open_desk(database, clock_of(settings), addresses=addresses_of(settings)) as desk:
        admit_gateway(desk)
        while more := read_new(mailbox, place, taking(desk, "imap", failures), stop):
            taken += more
    return taken


def _mailbox(settings: Settings, host: str) -> Mailbox:
    return Mailbox(
        host,
        settings.imap_port,
        settings.imap_user,
        settings.imap_password.get_secret_value() if settings.imap_password else "",
        settings.imap_tls,
        settings.imap_ca_file,
        settings.imap_folder,
        settings.imap_moved_to,
    )
