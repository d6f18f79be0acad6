"""Follow the events of a desk into SQLite: nothing is lost and nothing counted twice, whatever is killed when.

python consumer.py https://desk.example TOKEN events.sqlite

The place in the feed is stored in the transaction of what the event caused. So after a crash both are there, or neither.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS events (position INTEGER NOT NULL, topic TEXT NOT NULL, number TEXT);
CREATE TABLE IF NOT EXISTS counts (topic TEXT PRIMARY KEY, events INTEGER NOT NULL);
INSERT OR IGNORE INTO place VALUES (1, 0);
"""


def follow(url: str, token: str, after: int) -> Iterator[dict[str, Any]]:
    """The events after a position, and each new one as it is recorded. Ends when the connection does. Raises OSError, HTTPException."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Last-Event-ID": str(after)}
    # The desk says something every 15 seconds: whoever hears nothing for a minute has lost it.
    with urllib.request.urlopen(urllib.request.Request(f"{url}/events", headers=headers), timeout=60) as stream:
        for line in stream:
            if line.startswith(b"data: ") and line.endswith(b"\n"):  # a line that broke off comes again
                yield json.loads(line.removeprefix(b"data: "))


def apply(connection: sqlite3.Connection, event: dict[str, Any]) -> None:
    """What an event causes, and the place behind it, in one transaction."""
    with connection:
        connection.execute("INSERT INTO events VALUES (?, ?, ?)", (event["position"], event["topic"], event["number"]))
        connection.execute(
            "INSERT INTO counts VALUES (?, 1) ON CONFLICT (topic) DO UPDATE SET events = events + 1", (event["topic"],)
        )
        connection.execute("UPDATE place SET position = ?", (event["position"],))


def main(url: str, token: str, file: str) -> None:
    """Follow for ever. A connection that ends is made again, from the stored place on."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCHEMA)
        while True:
            (position,) = connection.execute("SELECT position FROM place").fetchone()
            try:
                for event in follow(url, token, position):
                    apply(connection, event)
            except (OSError, HTTPException) as error:
                print(f"{error}; trying again", file=sys.stderr)
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
