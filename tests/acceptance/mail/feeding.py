"""A gateway of its own process that hands mails in, and is killed between the commit of one and its acknowledgement.

python -m tests.acceptance.mail.feeding CONNINFO DATABASE SEED KILL: it reads from its standard input the names of those that
were acknowledged, prints the name of each that it acknowledges, and kills itself before it prints the KILLth (0: never).
"""

from __future__ import annotations

import os
import random
import signal
import sys

from application.execution.requests import Request
from application.mail_in.envelope import NO_ENVELOPE
from application.mail_out.addresses import Addresses
from domain.values import Actor, Role
from tests.acceptance.mail.corpus import corpus
from tests.blocking import open_desk
from tests.conftest import TestDatabase

GATEWAY = Request(Actor("mail.gateway", Role.INTAKE), "test")
OURS = Addresses(bytes(32), "service-desk@caseledger.example")


def main() -> None:
    """Hand in every mail that nobody has acknowledged, in an order of its own."""
    conninfo, name, seed, kill = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    acknowledged = set(sys.stdin.read().splitlines())
    names = [each for each in corpus() if each not in acknowledged]
    random.Random(seed).shuffle(names)
    with open_desk(TestDatabase(conninfo, embedded=True, name=name), addresses=OURS) as desk:
        for number, each in enumerate(names, start=1):
            desk.mail.receive(corpus()[each], NO_ENVELOPE, GATEWAY)
            if number == kill:
                os.kill(os.getpid(), signal.SIGKILL)
            print(each, flush=True)  # noqa: T201 - that is the acknowledgement


if __name__ == "__main__":
    main()
