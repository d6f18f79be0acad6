"""A monitoring system of its own process, killed between the commit of a message and its acknowledgement.

python -m tests.acceptance.monitoring.feeding CONNINFO DATABASE SEED KILL: it reads from its standard input the names of the
messages that were acknowledged, prints the name of each that it hands in, and kills itself before it prints the KILLth (0:
never).
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys

from application.execution.requests import Request
from application.monitoring import cloudevents
from application.monitoring.alertmanager import read_group
from application.monitoring.signals import Delivery, read
from domain.values import Actor, Role
from tests.acceptance.monitoring.conftest import alert, group
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import DATA, TestDatabase


def messages() -> dict[str, Delivery]:
    """The real notifications and events, and a group that fires, goes on, recovers by parts, and fires again."""
    found = {}
    for path in sorted((DATA / "webhooks").rglob("*.json")):
        raw = path.read_bytes()
        event = b'"specversion"' in raw
        found[str(path)] = cloudevents.read_structured(raw) if event else read(raw, read_group)
    for site in range(5):
        hosts = [f"{site}-{host}" for host in range(4)]
        for number, said in enumerate(
            (
                group(*map(alert, hosts)),
                group(alert(hosts[0]), *(alert(host, firing=False) for host in hosts[1:])),
                group(*(alert(host, firing=False) for host in hosts)),
                group(*(alert(host, episode=2) for host in hosts[:2])),
                group(alert(hosts[0], episode=2), alert(hosts[1], episode=2, firing=False)),
            )
        ):
            found[f"{site} {number}"] = read(json.dumps(said).encode(), read_group)
    return found


def feed(desk: BlockingDesk, delivery: Delivery) -> None:
    """Hand a message in, as the source that speaks its protocol."""
    source = "events" if delivery.identity else "prom"
    desk.alerts.take_signals(delivery, Request(Actor(source, Role.INTAKE), "test"))


def main() -> None:
    """Hand in every message that nobody has acknowledged, in an order of its own."""
    conninfo, name, seed, kill = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    acknowledged, all_ = set(sys.stdin.read().splitlines()), messages()
    names = [each for each in all_ if each not in acknowledged]
    random.Random(seed).shuffle(names)
    with open_desk(TestDatabase(conninfo, embedded=True, name=name)) as desk:
        for number, each in enumerate(names, start=1):
            feed(desk, all_[each])
            if number == kill:
                os.kill(os.getpid(), signal.SIGKILL)
            print(each, flush=True)  # noqa: T201 - that is the acknowledgement


if __name__ == "__main__":
    main()
