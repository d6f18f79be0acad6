"""What the gateway limits: size, room, recipients, conversations and time."""

from __future__ import annotations

import asyncio

import pytest

from application.mail_in.envelope import Envelope
from infrastructure.mail.gateway import Gateway
from infrastructure.mail.limits import SmtpLimits
from tests.infrastructure.mail.letters import ADDRESSES
from tests.infrastructure.mail.smtp_talk import DESK, Client, Taken, gateway


def test_a_message_that_is_too_large_is_refused_when_announced_and_when_it_comes(client: Client, taken: Taken) -> None:
    assert client.say(b"EHLO x", b"MAIL FROM:<jo@x.example> SIZE=200001").startswith("552")
    client.until_data()
    client.send(b"x" * 200_000 + b"\r\n.\r\n")
    assert client.answer() == "552 5.3.4 too large a message"
    client.until_data()
    client.send(b"x" * 199_998 + b"\r\n.\r\n")
    assert client.answer().startswith("250"), "to the byte"
    assert len(taken.messages) == 1


def test_a_message_without_end_is_cut_off(client: Client, taken: Taken) -> None:
    client.until_data()
    with pytest.raises(OSError):  # noqa: PT012, PT011 - whichever way it learns of it
        while True:
            client.send(b"\r\n" * 50_000)
    assert taken.messages == []


def test_more_at_once_than_there_is_room_for_is_sent_again_later(port: int, taken: Taken) -> None:
    with Client(port) as one, Client(port) as two:
        taken.before.clear()
        one.until_data()
        one.send(b"x" * 190_000 + b"\r\n.\r\n")
        two.until_data()
        two.send(b"y" * 190_000 + b"\r\n.\r\n")
        first, second = two, one
        if (told := first.answer()).startswith("452"):
            taken.before.set()
            assert second.answer().startswith("250")
        assert told == "452 4.3.1 too many messages at once, try again later"
        two.until_data()
        two.send(b"y" * 190_000 + b"\r\n.\r\n")
        assert two.answer().startswith("250"), "the room is given back"


@pytest.mark.parametrize(("size", "other", "at_once"), [(2**20, 2**20 - 1, 1), (2**20 - 1, 2**20, 4)])
def test_so_many_messages_of_a_size_are_recorded_at_a_time_and_hold_none_of_another_back(
    size: int, other: int, at_once: int
) -> None:
    """A large one takes many times its size while it is read."""
    envelope = Envelope("jo@x.example", (DESK,))

    async def most_at_once() -> int:
        free, running, most = asyncio.Event(), 0, 0

        async def deliver(raw: bytes, _: Envelope) -> str:
            nonlocal running, most
            if len(raw) == size:
                running += 1
                most = max(most, running)
                await free.wait()
                await asyncio.sleep(0)
                running -= 1
            return "opened 1"

        made = Gateway("desk.example", ADDRESSES.takes, deliver)
        waiting = [asyncio.create_task(made.take(bytes(size), envelope)) for _ in range(9)]
        assert (await made.take(bytes(other), envelope)).startswith("250")
        free.set()
        assert all(answer.startswith("250") for answer in await asyncio.gather(*waiting))
        return most

    assert asyncio.run(most_at_once()) == at_once


def test_a_message_is_recorded_to_the_end_when_its_client_leaves_meanwhile(taken: Taken) -> None:
    with gateway(taken) as port:
        taken.before.clear()
        with Client(port) as client:
            client.until_data()
            client.send(b"whole\r\n.\r\n")
            assert taken.begun.wait(30)
        with Client(port) as other:
            other.until_data()
            other.send(b"another\r\n.\r\n")
            taken.before.set()
            assert other.answer().startswith("250")
    assert sorted(raw for raw, _ in taken.messages) == [b"another\r\n", b"whole\r\n"]


def test_a_gateway_that_closes_hangs_up_and_records_what_it_has_taken(taken: Taken) -> None:
    with gateway(taken) as port:
        idle, sending = Client(port), Client(port)
        taken.before.clear()
        sending.until_data()
        sending.send(b"whole\r\n.\r\n")
        assert taken.begun.wait(30)
    with idle, sending, pytest.raises(OSError):  # noqa: PT012, PT011 - whichever way they learn of it
        while idle.answer() or sending.answer():
            pass
        raise ConnectionResetError
    assert [raw for raw, _ in taken.messages] == [b"whole\r\n"]


def test_a_million_recipients_are_refused_one_by_one_and_then_the_client(client: Client) -> None:
    client.say(b"EHLO x", b"MAIL FROM:<jo@x.example>")
    told = [client.say(b"RCPT TO:<%s>" % DESK.encode()) for _ in range(5)]
    assert [each[:3] for each in told] == ["250"] * 3 + ["452"] * 2
    told = []
    while answer := client.say(b"RCPT TO:<%s>" % DESK.encode()):
        told.append(answer[:3])
        if answer.startswith("421"):
            break
    assert told[-1] == "421"
    assert len(told) < 1_001


def test_a_client_too_many_is_sent_away(port: int) -> None:
    with Client(port), Client(port), Client(port) as third:
        with Client(port) as fourth:
            assert fourth.greeting == "421 4.3.2 too many connections, try again later"
        assert third.say(b"NOOP").startswith("250")


@pytest.mark.parametrize("said", [b"", b"EHLO x\r\n", b"EHLO x\r\nMAIL FROM:<jo@x.example>\r\n"])
def test_a_client_that_falls_silent_is_hung_up_on(taken: Taken, said: bytes) -> None:
    with gateway(taken, SmtpLimits(idle=0.2)) as port, Client(port) as client:
        client.send(said)
        answers = []
        while answer := client.answer():
            answers.append(answer)
        assert answers[-1] == "421 4.4.2 too slow, goodbye"


@pytest.mark.parametrize("limits", [SmtpLimits(idle=0.2), SmtpLimits(whole=0.2)], ids=["stops", "drips"])
def test_a_message_that_does_not_come_is_not_waited_for(taken: Taken, limits: SmtpLimits) -> None:
    with gateway(taken, limits) as port, Client(port) as client:
        client.until_data()
        client.send(b"Subject: x\r\n")
        assert client.answer() == "421 4.4.2 too slow, goodbye"
        assert client.answer() == ""
    assert taken.messages == []


def test_a_client_that_leaves_in_the_middle_leaves_nothing(port: int, taken: Taken) -> None:
    with Client(port) as client:
        client.until_data()
        client.send(b"Subject: half\r\n")
    with Client(port) as client:
        client.until_data()
        assert client.say(b"whole\r\n.").startswith("250")
    assert [raw for raw, _ in taken.messages] == [b"whole\r\n"]
