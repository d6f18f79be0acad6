"""Delivery: at least once, in order, for days; a receiver that fails or is slow holds nobody else up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial

from domain.values import Role
from tests.acceptance.conftest import done
from tests.acceptance.webhooks.conftest import Hooks
from tests.acceptance.webhooks.receiver import Received, Receiver


def test_a_failure_is_tried_again_under_the_same_id_and_later_events_wait(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    receiver.answer = lambda _: 204 if len(receiver.received) > 2 else 500
    hooks.desk.prioritized()
    hooks.work()
    messages = receiver.wait(lambda all_: len(all_) == 5)
    assert len({message.id for message in messages[:3]}) == 1
    assert receiver.positions() == sorted(receiver.positions())
    hooks.until(lambda: len(hooks.attempts()) == 5)
    told = [(each["attempt"], each["status"], each["accepted"], each["error"]) for each in hooks.attempts()]
    assert told == [(1, 500, False, None), (2, 500, False, None), (3, 204, True, None), *[(1, 204, True, None)] * 2]
    assert {each["message"] for each in hooks.attempts()} == {message.id for message in messages}
    assert hooks.standing()["failures"] == 0
    page = done(hooks.admin.get("/webhooks/hub/deliveries", limit=3))
    rest = done(hooks.admin.get("/webhooks/hub/deliveries", limit=3, cursor=page["next_cursor"]))
    assert [*page["items"], *rest["items"]] == hooks.attempts()[::-1]
    assert rest["next_cursor"] is None


def test_410_disables_and_whoever_enables_again_gets_everything_since(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    receiver.answer = lambda _: 410
    hooks.desk.log()
    hooks.work()
    hooks.until(lambda: hooks.read()["disabled"] == "gone")
    hooks.desk.log()
    hooks.until(lambda: hooks.standing()["pause"] == "disabled: gone")
    assert len(receiver.received) == 1
    receiver.answer = lambda _: 204
    hooks.order("enable", {"reason": "it is back"})
    messages = receiver.wait(lambda all_: len(all_) == 3)
    assert [message.event["type"] for message in messages] == ["case.logged"] * 3
    assert messages[0].id == messages[1].id != messages[2].id


def test_the_end_of_the_schedule_disables_and_status_says_so(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    receiver.answer = lambda _: 503
    hooks.desk.log()
    hooks.work()
    hooks.until(lambda: hooks.read()["disabled"] == "failing")
    assert [each["attempt"] for each in hooks.attempts()] == [1, 2, 3, 4]  # once, and after each of the three pauses
    hooks.until(lambda: hooks.standing()["pause"] == "disabled: failing")
    metrics = hooks.desk.anonymous().get("/metrics").text
    assert 'caseledger_webhook_sending{webhook="hub"} 0.0' in metrics
    assert 'caseledger_worker_running{worker="webhooks"} 1.0' in metrics


def test_any_change_of_a_webhook_is_a_new_chance(hooks: Hooks, receivers: Callable[..., Receiver]) -> None:
    broken, good = receivers(), receivers()
    broken.answer = lambda _: 500
    hooks.subscribe(broken.url)
    hooks.desk.log()
    hooks.work(webhook_retries="86400")
    broken.wait(len)
    hooks.until(lambda: hooks.standing()["failures"])
    hooks.subscribe(good.url)  # the same webhook, elsewhere
    assert good.wait(len)[0].id == broken.received[0].id


def test_a_slow_receiver_holds_nobody_else_up(hooks: Hooks, receivers: Callable[..., Receiver]) -> None:
    slow, fast, go = receivers(), receivers(), threading.Event()

    def wait(_: Received) -> int:
        go.wait(60)
        return 204

    slow.answer = wait
    for place in range(12):
        hooks.subscribe(slow.url, f"slow-{place}")
    hooks.subscribe(fast.url, "fast")
    hooks.work(webhook_timeout="60")
    for _ in range(3):
        hooks.desk.log()
    fast.wait(lambda all_: len(all_) == 3)
    slow.wait(lambda all_: len(all_) == 12)
    go.set()
    slow.wait(lambda all_: len(all_) == 36)


def test_killed_in_the_middle_nothing_is_lost_and_the_order_holds(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    receiver.answer = lambda _: 500 if len(receiver.received) % 7 == 3 else 204
    for round_ in range(4):
        worker = hooks.work(webhook_retries=" ".join(["0.01"] * 20))
        hooks.desk.prioritized()
        receiver.wait(partial(has, 6 * round_ + 2))
        hooks.desk.prioritized()
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    hooks.work()
    wanted = [each["position"] for each in cases_of(hooks)]
    receiver.wait(lambda _: receiver.positions() == wanted)
    assert len({message.id for message in receiver.received}) == len(wanted) == 24


def test_two_workers_take_turns(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    first = hooks.work()
    hooks.desk.log()
    receiver.wait(len)
    hooks.work()
    for _ in range(5):
        hooks.desk.log()
    hooks.until(lambda: len(hooks.attempts()) == 6)
    first.send_signal(signal.SIGKILL)
    first.wait()
    hooks.desk.log()
    messages = receiver.wait(partial(has, 7))
    assert len(messages) == 7  # nothing was on its way when the first was killed


def test_a_replay_sends_a_range_once_more_beside_what_is_new(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    hooks.desk.prioritized()
    hooks.work()
    first = receiver.wait(lambda all_: len(all_) == 3)
    hooks.order("replay", {"from": first[1].position, "to": 2**62, "reason": "the hub lost a day"})
    again = receiver.wait(lambda all_: len(all_) == 5)[3:]
    assert [message.id for message in again] == [message.id for message in first[1:]]
    hooks.desk.log()
    receiver.wait(lambda all_: len(all_) == 6)
    hooks.until(lambda: len(hooks.attempts()) == 6)
    assert [each["replay"] is not None for each in hooks.attempts()] == [False] * 3 + [True] * 2 + [False]


def test_a_ping_is_sent_at_once_whatever_the_topics_are_and_only_once(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    receiver.answer = lambda message: 500 if message.event["type"] != "webhook.pinged" else 418
    hooks.desk.log()
    hooks.work(webhook_retries="600")
    receiver.wait(len)
    hooks.order("ping")
    receiver.wait(lambda all_: any(message.event["type"] == "webhook.pinged" for message in all_))
    hooks.until(lambda: any(each["topic"] == "webhook.pinged" for each in hooks.attempts()))
    pings = [each for each in hooks.attempts() if each["topic"] == "webhook.pinged"]
    assert [(each["status"], each["attempt"]) for each in pings] == [(418, 1)]
    assert hooks.read()["disabled"] is None


def test_an_owner_who_may_not_read_events_any_more_ends_the_deliveries(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    hooks.desk.log()
    hooks.work()
    receiver.wait(len)
    hooks.admin.post("/grants/hub.owner/revoke", {"role": Role.REPORTER})
    hooks.desk.log()
    hooks.until(lambda: hooks.read()["disabled"] == "owner")
    assert len(receiver.received) == 1


def has(least: int, received: list[Received]) -> bool:
    return len({message.id for message in received}) >= least


def cases_of(hooks: Hooks) -> list[dict[str, int]]:
    items = hooks.reporter.get("/events", limit=1000).json()["items"]
    return [each for each in items if each["topic"].startswith("case.")]
