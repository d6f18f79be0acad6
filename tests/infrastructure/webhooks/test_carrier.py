"""One message on its way: where it may go, and what counts as a failure. The receivers listen on real sockets."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest

from application.processes.webhook_lanes import Reply
from infrastructure.webhooks.carrier import open_carrier
from infrastructure.webhooks.networks import parse_networks
from tests.acceptance.webhooks.receiver import Receiver, receiving
from tests.infrastructure.mail.mail_servers import a_certificate

LOCAL = "127.0.0.0/8"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key."""
    return a_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def plain() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with receiving(context) as receiver:
        yield receiver


def post(url: str, *, networks: str = LOCAL, seconds: float = 60, ca_file: Path | None = None, times: int = 1) -> Reply:
    async def run() -> Reply:
        async with open_carrier(parse_networks(networks), seconds, ca_file) as carrier:
            for _ in range(times):
                reply = await carrier.post(url, {"webhook-id": "evt_1"}, b"{}")
            return reply

    return asyncio.run(run())


def test_a_message_arrives_and_its_connection_carries_the_next(encrypted: Receiver, certificate: Path) -> None:
    reply = post(encrypted.url + "?token=x", ca_file=certificate, times=3)
    assert (reply.status, reply.error, reply.is_accepted) == (204, None, True)
    assert [(each.path, each.body) for each in encrypted.received] == [("/hook?token=x", b"{}")] * 3
    assert encrypted.connections == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_not_reached_whatever_its_name(encrypted: Receiver, certificate: Path, host: str) -> None:
    reply = post(encrypted.url.replace("127.0.0.1", host), networks="192.0.2.0/24", ca_file=certificate)
    assert (reply.status, reply.error) == (None, "address")
    assert not encrypted.received


def test_plain_http_leads_only_into_networks_that_the_operator_allows(plain: Receiver) -> None:
    assert post(plain.url, networks="").error == "address"
    assert post(plain.url, networks=f"192.0.2.0/24 {LOCAL}").is_accepted
    assert post("http://1.1.1.1/").error == "address"


def test_what_nobody_vouches_for_and_where_nobody_is(encrypted: Receiver, certificate: Path) -> None:
    assert post(encrypted.url).error == "tls"
    assert post(encrypted.url.replace("127.0.0.1", "127.0.0.2"), ca_file=certificate).error in ("tls", "connect")
    assert post("http://127.0.0.1:1/").error == "connect"
    assert post("http://nowhere.invalid/").error == "dns"
    assert not encrypted.received


def test_what_speaks_no_http_is_a_failure(encrypted: Receiver) -> None:
    assert post(encrypted.url.replace("https", "http")).error in ("protocol", "network")


def test_a_redirect_is_a_failure_and_is_not_followed(plain: Receiver) -> None:
    with ExitStack() as ending:
        target = ending.enter_context(receiving())
        plain.answer = lambda _: (307, {"Location": target.url})
        reply = post(plain.url)
        assert (reply.status, reply.error, reply.is_accepted) == (307, "redirect", False)
        assert not target.received


def test_an_answer_that_does_not_come_in_time_is_a_failure(plain: Receiver) -> None:
    go = threading.Event()
    plain.answer = lambda _: 204 if go.wait(60) else 500
    reply = post(plain.url, seconds=0.2)
    go.set()
    assert (reply.status, reply.error) == (None, "timeout")


def test_of_a_long_answer_only_the_beginning_is_read(plain: Receiver) -> None:
    plain.answer = lambda _: (204, {"X-Endless": "y" * 50_000})
    assert post(plain.url).is_accepted
    plain.answer = lambda _: (
        200,
        {"Content-Length": str(10**9)},
    )  # and no content follows: the sender must not wait for it
    assert post(plain.url, seconds=0.2).error in ("timeout", "protocol", "network")


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [("3600", 3600, 3600), ("999999999", 86_400, 86_400), ("soon", 0, 0), ("-5", 0, 0), ("0", 0, 0)],
)
def test_a_receiver_may_ask_for_a_pause_of_a_day_at_most(plain: Receiver, asked: str, least: int, most: int) -> None:
    plain.answer = lambda _: (429, {"Retry-After": asked})
    assert timedelta(seconds=least) <= post(plain.url).retry_after <= timedelta(seconds=most)


def test_the_end_of_a_pause_may_be_a_date(plain: Receiver) -> None:
    plain.answer = lambda _: (503, {"Retry-After": formatdate(time() + 7200, usegmt=True)})
    assert timedelta(hours=1) < post(plain.url).retry_after <= timedelta(hours=2)
    plain.answer = lambda _: (503, {"Retry-After": formatdate(0, usegmt=True)})
    assert post(plain.url).retry_after == timedelta()
