"""A sealed desk to attack and to audit: its sealer, its folder, and `verify` as the command runs it."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
from cryptography.x509 import Certificate
from psycopg import sql

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import find_binaries
from infrastructure.postgres.setup.migration import migrate
from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.merkle import leaf_hash
from infrastructure.transparency.formats.stored_run import deflated, inflated
from infrastructure.transparency.formats.tiles import split_entries
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.transparency.verification.audit import Verification, verify
from infrastructure.views.projector import Projector
from tests.conftest import TestDatabase

ORIGIN = "desk.example/log"


class SealedDesk:
    """The record of a test, with a sealer that seals when it is told to."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.database, self.folder = database, SealerFolder(folder)

    def seal(self, *, folder: SealerFolder | None = None) -> Checkpoint:
        """Seal all there is, as a sealer that has just been started."""
        with self.sealer(folder) as sealer:
            sealer.resume()
            while sealer.seal():
                pass
        return self.signed()

    @contextmanager
    def sealer(self, folder: SealerFolder | None = None) -> Iterator[Sealer]:
        with self.database.connect("sealer") as connection:
            yield Sealer(connection, folder or self.folder, ORIGIN)

    def signed(self) -> Checkpoint:
        """What was signed last."""
        return open_checkpoint(self.folder.last_note() or "", self.folder.verifiers())

    def project(self) -> None:
        with self.database.connect("projector") as connection:
            Projector(connection).catch_up()

    def verify(self, *held: str, own: bool = True, trusted: Sequence[Certificate] = ()) -> Verification:
        """`caseledger verify --held ...`, in the auditor's role."""
        note = self.folder.last_note()
        with self.database.connect("auditor") as connection:
            return verify(
                connection,
                self.folder.verifiers(),
                own=[("last-checkpoint", note)] if own and note else [],
                held=[(f"held {n}", copy) for n, copy in enumerate(held)],
                trusted=trusted,
                progress=lambda *_: nullcontext(_nothing),
            )

    @contextmanager
    def attack(self) -> Iterator[psycopg.Connection[Any]]:
        """A superuser at work: event triggers off, triggers disabled, and all put back as it was."""
        with psycopg.connect(self.database.superuser, autocommit=True) as superuser, unguarded(superuser):
            yield superuser

    def edit_run(self, edit: Callable[[bytes], bytes]) -> None:
        """Change the first run of entries as who knows its form does."""
        with self.attack() as superuser:
            ((data,),) = superuser.execute("SELECT data FROM tlog.entries WHERE first = 0").fetchall()
            changed = deflated(edit(inflated(data)))
            superuser.execute("UPDATE tlog.entries SET data = %s WHERE first = 0", (changed,))

    def store_leaf_hashes(self) -> None:
        """Store the hashes of leaves, and the runs as they are, as releases before 0.5.0 did."""
        with self.attack() as superuser:
            for first, data in superuser.execute("SELECT first, data FROM tlog.entries").fetchall():
                bundle = inflated(data)
                hashes = b"".join(leaf_hash(leaf) for leaf in split_entries(bundle))
                superuser.execute("UPDATE tlog.entries SET data = %s WHERE first = %s", (bundle, first))
                superuser.execute("INSERT INTO tlog.hashes VALUES (1, 0, %s, %s)", (first, hashes))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.superuser, autocommit=True) as superuser:
            return superuser.execute(query.encode(), values).fetchall()


@contextmanager
def unguarded(superuser: psycopg.Connection[Any]) -> Iterator[None]:
    """Without the triggers, which a superuser can take off and put back."""
    events = [name for (name,) in superuser.execute("SELECT evtname FROM pg_event_trigger ORDER BY 1").fetchall()]
    tables = superuser.execute(
        "SELECT n.nspname, c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal"
    ).fetchall()
    _switch(superuser, events, tables, "DISABLE")
    try:
        yield
    finally:
        _switch(superuser, (), tables, "ENABLE ALWAYS")
        _switch(superuser, events, (), "ENABLE ALWAYS")


def _switch(
    superuser: psycopg.Connection[Any], events: Sequence[str], tables: Sequence[tuple[str, str, str]], to: str
) -> None:
    for name in events:
        superuser.execute(sql.SQL("ALTER EVENT TRIGGER {} " + to).format(sql.Identifier(name)))
    for schema, table, trigger in tables:
        statement = sql.SQL(
            "ALTER TABLE {} " + to.replace("ALWAYS", "ALWAYS TRIGGER {}").replace("DISABLE", "DISABLE TRIGGER {}")
        )
        superuser.execute(statement.format(sql.Identifier(schema, table), sql.Identifier(trigger)))


@contextmanager
def restored(record: SealedDesk) -> Iterator[SealedDesk]:
    """The database as it is now, in a backup by pg_dump that is put back; the sealer's folder is no part of it."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    programs, source = find_binaries(None), record.database
    dump = subprocess.run([programs / "pg_dump", "-Fc", "-d", source.superuser], capture_output=True, check=True).stdout
    with psycopg.connect(source.superuser, autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            made = TestDatabase(source.conninfo, embedded=True, name=name)
            subprocess.run(
                [programs / "pg_restore", "--exit-on-error", "-d", made.superuser],
                input=dump,
                capture_output=True,
                check=True,
            )
            migrate(Database(made.superuser, embedded=False))  # grants on the database, and what no dump brings back
            yield SealedDesk(made, record.folder.path)
        finally:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def checks(found: Verification) -> set[str]:
    """The checks that found something."""
    return {finding.check for finding in found.findings}


def _nothing(_: int) -> None:
    pass


Attack = Callable[[psycopg.Connection[Any]], object]
