"""`serve` runs the whole desk, `api` one API process."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer
import uvicorn

from api.cli.console import could_not_run, out
from api.cli.options import DatabaseUrl, DataDir, database_of, settings_of_process, trace
from api.cli.processes.sealer import sealer_folder_of
from api.cli.processes.supervisor import alone, database_kept, working
from api.http.app import create_app
from api.http.context import Context
from api.http.entrance.protocol import Protocol
from api.main import clock_of, tokens_of
from api.serving import open_context
from application.administration.catalogue import OPERATOR
from application.demo.small_desk import DEMO_CUSTOMER, load_demo
from application.desk import Desk
from application.processes.mail_receipt import admit_gateway
from domain.values import Role
from infrastructure.mail.catcher import Catcher, mail_catcher
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings

DEMO_TOKENS = (
    (Role.TECHNICIAN, "a.ortiz", None),
    (Role.TEAM_MEMBER, "t.lee", "network"),
    (Role.DUTY_MANAGER, "d.manager", None),
    (Role.AUDITOR, "r.audit", None),
    (Role.REPORTER, "reports", None),
    (Role.CUSTOMER, DEMO_CUSTOMER, None),
    (Role.INTAKE, "monitoring", None),
    (Role.ADMIN, "admin", None),
)
_CATCH_UP = 30
"""Seconds that `serve` waits, before it says that it is ready, for views that are behind."""


class Server(uvicorn.Server):
    """uvicorn that prints a line when it is ready, and others after it."""

    def __init__(self, config: uvicorn.Config, ready: list[str]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            out.print(f"READY http://{shown}:{port}", markup=False)
            for line in self._ready:
                out.print(line.replace("{url}", f"http://{shown}:{port}"), markup=False)
            sys.stdout.flush()


def serve(
    demo: Annotated[
        bool,
        typer.Option("--demo", help="A small desk to try things on: cases when empty, grants, a token for each role."),
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
) -> None:
    """Run the whole desk: database, API and workers. Ctrl-C stops all of it; the data stay in --data-dir."""
    settings = settings_of_process(data_dir, database_url, host=host, port=port)
    with alone(settings), bound(settings) as listening, database_of(settings, migrating=True, making=True) as database:
        settings = _reachable(settings, listening, demo)
        ready: list[str] = []
        _run(settings, partial(_whole_desk, settings, database, demo, ready), ready, listening)


def api(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
) -> None:
    """Run one API process; several on one database are safe together."""
    settings = settings_of_process(data_dir, database_url, host=host, port=port)
    with bound(settings) as listening, database_of(settings, making=True) as database:
        _run(settings, partial(open_context, settings, database, clock_of(settings)), [], listening)


@contextmanager
def bound(settings: Settings) -> Iterator[socket.socket]:
    """Bind the socket before anything else starts, since mails name its port. Exit 2 when it is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, settings.port))
        except OSError as error:
            could_not_run(f"the server could not start on {settings.host}:{settings.port}: {error}")
        yield listening


def _reachable(settings: Settings, listening: socket.socket, demo: bool) -> Settings:
    """The settings with our address for customers and, in a demonstration, for mail servers, where they name none."""
    port = listening.getsockname()[1]
    told = {} if "public_url" in settings.model_fields_set else {"public_url": f"http://127.0.0.1:{port}"}
    if demo and "smtp_listen" not in settings.model_fields_set:
        with socket.create_server(("127.0.0.1", 0)) as free:  # for the worker to take: nobody else is given it so soon
            told["smtp_listen"] = f"127.0.0.1:{free.getsockname()[1]}"
    return settings.model_copy(update={"port": port, **told})


def _run(settings: Settings, opening: object, ready: list[str], listening: socket.socket) -> None:
    trace(settings, "api")
    config = uvicorn.Config(
        create_app(opening, logs_requests=settings.request_log),  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        http=Protocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config, ready)
    try:
        server.run([listening])
    except (KeyboardInterrupt, SystemExit):
        if not server.started:
            raise
    if not server.started:
        could_not_run(f"the server could not start on {settings.host}:{settings.port}")


@asynccontextmanager
async def _whole_desk(settings: Settings, database: Database, demo: bool, ready: list[str]) -> AsyncIterator[Context]:
    """API and workers for as long as the application runs. Its lifespan ends on SIGTERM too, which atexit does not see."""
    with _demonstration_mail(settings, demo) as (mailing, catcher):
        async with open_context(mailing, database, clock_of(mailing), catcher) as context:
            await context.desk.policy.adopt(OPERATOR)
            issued = await _demonstration(context.desk, settings) if demo else {}
            ready += _welcome(settings, issued)
            if demo:
                keys = partial(_keys_of, settings)
                context = replace(context, demonstration=tuple(issued.items()), demonstrated_keys=keys)  # noqa: PLW2901 - the same, with more in it
            with database_kept(settings), working(mailing):
                await _until_followed(context)
                if mailing.smtp_listen is not None:
                    await _until_delivered_to(mailing.smtp_listen)
                yield context


def _keys_of(settings: Settings) -> list[str]:
    return [str(each) for each in sealer_folder_of(settings).verifiers()]


async def _until_followed(context: Context) -> None:
    """Wait until the queues show what is on the record. A desk far behind, or halted, reports that itself instead."""
    last = (await context.views.health.status())["ledger_position"]
    for _ in range(_CATCH_UP):
        if await context.feed.wait_for_view(last, 1.0):
            return
        if (await context.views.health.status())["halted_at"] is not None:
            return


async def _until_delivered_to(where: str) -> None:
    """Wait until mail servers can deliver, but not for ever: the worker's log says what is wrong."""
    host, _, port = where.rpartition(":")
    with suppress(TimeoutError):
        async with asyncio.timeout(_CATCH_UP):
            while True:
                try:
                    _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return


@contextmanager
def _demonstration_mail(settings: Settings, demo: bool) -> Iterator[tuple[Settings, Catcher | None]]:
    """Start the demonstration's own mail server, where the operator names none."""
    if not demo or settings.smtp_host:
        yield settings, None
        return
    with mail_catcher() as catcher:
        yield settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": catcher.port}), catcher


async def _demonstration(desk: Desk, settings: Settings) -> dict[Role, str]:
    """Load the cases of a demonstration, and the grants of its tokens unless revoked since. Returns these tokens."""
    await admit_gateway(desk)  # a mail that the demonstration shows can be answered there
    if not await desk.runner.register.any_case():
        await load_demo(desk)
    for role, subject, team in DEMO_TOKENS:
        if role is not Role.CUSTOMER:  # customers need no grant
            await desk.grants.ensure(subject, role, team, None, OPERATOR, anew=False)
    tokens, valid = tokens_of(settings), timedelta(days=settings.token_days)
    known = {DEMO_CUSTOMER: await desk.pseudonyms.of({"email": DEMO_CUSTOMER})}
    return {role: tokens.issue(role, known.get(who, who), team, valid) for role, who, team in DEMO_TOKENS}


def _told_of_tokens(issued: Mapping[Role, str], settings: Settings) -> list[str]:
    return [
        f"A token for each role, valid {settings.token_days:g} days:",
        *(f"  {role:<13}{issued[role]}" for role, _, _ in DEMO_TOKENS),
        "They are " + ", ".join(_who(*each) for each in DEMO_TOKENS if each[0] is not Role.CUSTOMER) + ".",
        f"The customer is {DEMO_CUSTOMER}, and sees the cases logged for that address.",
        "",
        "Try:",
        f"  curl -H 'Authorization: Bearer {issued[Role.TECHNICIAN]}' {{url}}/queues",
    ]


def _who(role: Role, subject: str, team: str | None) -> str:
    return f"{subject} ({role} of {team})" if team else f"{subject} ({role})"


def _welcome(settings: Settings, issued: Mapping[Role, str]) -> list[str]:
    own = ["A token: caseledger token --role ROLE --subject WHO (it records the grant too)"]
    return [
        "",
        *(_told_of_tokens(issued, settings) if issued else own),
        "",
        "The console: {url}/ui" + (" (one button for each role)" if issued else ""),
        *(["Mails to customers: {url}/demo/mail (each page has a form to reply with)"] if issued else []),
        *([f"Mails to the desk, {settings.mail_from}: SMTP at {settings.smtp_listen}"] if settings.smtp_listen else []),
        "Commands and questions: {url}/docs",
        "What is signed of the record: {url}/tlog/checkpoint (keep one elsewhere; docs/auditing.md)",
        f"Ctrl-C stops the desk; the data stay in {settings.data_dir.resolve()}.",
    ]
