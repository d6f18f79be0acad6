"""OCEL 2.0 as a database of SQLite. While it grows, its own transactions keep the mark of where to go on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path
from typing import Any

from application.exports.attributes import Kind
from application.exports.ocel import BEGINNING, EVENT_TYPES, OBJECT_TYPES, Event, Object
from infrastructure.exports.part_file import Ground
from infrastructure.files import sync_folder

_COLUMN = {
    Kind.STRING: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.FLOAT: "REAL",
    Kind.BOOLEAN: "INTEGER",
    Kind.TIME: "TIMESTAMP",
}
_LOCKED = "BEGIN IMMEDIATE"
_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type (ocel_type));
CREATE TABLE event_object (
    ocel_event_id TEXT REFERENCES event (ocel_id), ocel_object_id TEXT REFERENCES object (ocel_id), ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier)
);
CREATE TABLE object_object (
    ocel_source_id TEXT REFERENCES object (ocel_id), ocel_target_id TEXT REFERENCES object (ocel_id), ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier)
);
"""


class SqliteSink:
    """Implements `Sink` by a database. A part of the same question is continued, any other is begun anew.

    Raises FileExistsError when the file is there already, or another export writes it, OSError, sqlite3.Error.
    """

    def __init__(self, target: Path, asked: Mapping[str, Any], ground: Ground) -> None:
        if target.exists():
            raise FileExistsError(f"{target} is there already: name a new file")
        self.target, self._part, self.ground = target, Path(f"{target}.part"), ground
        self._asked = json.dumps(dict(asked), sort_keys=True)
        self._connection = self._open()
        known = self._known()
        if known is None:
            self._connection.close()
            self._part.unlink()
            self._connection = self._open()
        self.mark: Any = None
        if known is not None:
            self.ground, self.mark = Ground(**json.loads(known["ground"])), json.loads(known["mark"])
        self._inserts = {
            f"{what}_{name}": _insert(f"{what}_{_mapped(name)}", len(kinds) + extra)
            for what, types, extra in (("event", EVENT_TYPES, 2), ("object", OBJECT_TYPES, 3))
            for name, kinds in types.items()
        }

    def _open(self) -> sqlite3.Connection:
        """The part, with its lock, which keeps other exports from it."""
        connection = sqlite3.connect(self._part, timeout=0, isolation_level=None)
        try:
            connection.execute(_LOCKED)
        except sqlite3.OperationalError as error:
            connection.close()
            raise FileExistsError(f"another export writes {self._part}") from error
        except sqlite3.DatabaseError:  # no database, so nobody's
            connection.close()
            self._part.unlink()
            return self._open()
        return connection

    def _known(self) -> dict[str, str] | None:
        """What the part says of itself, if it answers the same question and has kept anything."""
        try:
            known = dict(self._connection.execute("SELECT name, value FROM caseledger"))
        except sqlite3.Error:
            return None
        return known if known.get("asked") == self._asked and "mark" in known else None

    def begin(self, told: Mapping[str, Any]) -> None:
        self._connection.execute("CREATE TABLE caseledger (name TEXT PRIMARY KEY, value TEXT)")
        for statement in filter(str.strip, _TABLES.split(";")):
            self._connection.execute(statement)
        self._tell({**told, "asked": self._asked, "ground": json.dumps(asdict(self.ground))})
        for what, types, key, extra in (
            ("event", EVENT_TYPES, " PRIMARY KEY", ""),
            ("object", OBJECT_TYPES, "", ", ocel_changed_field TEXT"),  # a row for each change
        ):
            for name, kinds in types.items():
                columns = "".join(f', "{each}" {_COLUMN[kind]}' for each, kind in kinds.items())
                mapped = _insert(f"{what}_map_type", 2)
                self._connection.execute(mapped, (name, _mapped(name)))
                self._connection.execute(
                    f'CREATE TABLE "{what}_{_mapped(name)}" '
                    f"(ocel_id TEXT{key} REFERENCES {what} (ocel_id), ocel_time TIMESTAMP{columns}{extra})"
                )

    def _tell(self, told: Mapping[str, Any]) -> None:
        rows = [(name, str(value)) for name, value in told.items()]
        self._connection.executemany("INSERT OR REPLACE INTO caseledger VALUES (?, ?)", rows)

    def object(self, thing: Object) -> None:
        self._connection.execute("INSERT INTO object VALUES (?, ?)", (thing.id, thing.kind))
        self._connection.executemany(
            "INSERT INTO object_object VALUES (?, ?, ?)",
            [(thing.id, each.object, each.qualifier) for each in thing.relations],
        )
        self._connection.executemany(self._inserts[f"object_{thing.kind}"], _object_rows(thing))

    def between(self) -> None:
        pass

    def event(self, event: Event) -> None:
        execute, values = self._connection.execute, {each.name: each.value for each in event.attributes}
        execute("INSERT INTO event VALUES (?, ?)", (event.id, event.kind))
        execute(
            self._inserts[f"event_{event.kind}"],
            (event.id, event.time, *(values.get(name) for name in EVENT_TYPES[event.kind])),
        )
        self._connection.executemany(
            "INSERT INTO event_object VALUES (?, ?, ?)",
            [(event.id, each.object, each.qualifier) for each in event.relations],
        )

    def keep(self, mark: Any) -> None:
        self._tell({"mark": json.dumps(mark)})
        self._connection.execute("COMMIT")
        self._connection.execute(_LOCKED)

    def end(self) -> None:
        self._connection.execute("DELETE FROM caseledger WHERE name IN ('asked', 'ground', 'mark')")
        self._connection.execute("COMMIT")

    def finish(self) -> tuple[int, str]:
        """Give the file its name. Returns its size in bytes and its SHA-256 in hex. Raises OSError."""
        self._connection.close()
        with self._part.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        size = self._part.stat().st_size
        self._part.rename(self.target)
        sync_folder(self.target.parent)
        return size, digest

    def close(self) -> None:
        """Let go of the part. What was kept stays for the next export."""
        self._connection.close()


def _insert(table: str, columns: int) -> str:
    return f'INSERT INTO "{table}" VALUES ({", ".join("?" * columns)})'  # noqa: S608 - our own names


def _mapped(name: str) -> str:
    """The name of a type as part of a table's name."""
    return name.replace(".", "_")


def _object_rows(thing: Object) -> list[Sequence[Any]]:
    """One row of the first values of all attributes, then one for each change."""
    names = list(OBJECT_TYPES[thing.kind])
    first = {each.name: each for each in reversed(thing.attributes)}
    begun = min((each.time for each in first.values() if each.time != BEGINNING), default=BEGINNING)
    rows: list[Sequence[Any]] = [(thing.id, begun, *(first[n].value if n in first else None for n in names), None)]
    later = (each for each in thing.attributes if first[each.name] is not each)
    rows += [(thing.id, e.time, *(e.value if name == e.name else None for name in names), e.name) for e in later]
    return rows
