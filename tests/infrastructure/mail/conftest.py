"""A gateway that listens, what it takes in, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infrastructure.mail.smtp_talk import Client, Taken, gateway


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def port(taken: Taken) -> Iterator[int]:
    with gateway(taken) as listening_on:
        yield listening_on


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    with Client(port) as made:
        yield made
