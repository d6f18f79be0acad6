"""What the tests of the embedded server share."""

import psycopg

from infrastructure.postgres.embedded.programs import find_binaries

BINARIES = find_binaries(None)


def ask(conninfo: str, question: str) -> str:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return str(row[0])
