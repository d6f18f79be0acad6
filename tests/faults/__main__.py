"""The long form: `python -m tests.faults --minutes 30 --seed 1`. Exit 1 with a finding."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time

from rich.console import Console
from rich.table import Table

from tests.faults.clients import Clients
from tests.faults.drill import Drill, endless
from tests.faults.kinds import KINDS
from tests.faults.stage import APART, a_desk

_LONGEST = 12.0
"""Seconds that a fault lasts at most."""


def main() -> int:
    """Run the drill, and print what was done and found."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the desk is taken down however this ends
    out, began = Console(soft_wrap=True, highlight=False), time.monotonic()
    out.print(f"{given.minutes:g} minutes, --seed {given.seed}, {given.clients} clients")
    chance = random.Random(given.seed)
    with a_desk(APART, room="3g") as stage:
        for kind, why in stage.skipped.items():
            out.print(f"not done here: {kind}: {why}")
        clients = Clients(stage, given.seed, given.clients, 0.3)

        def tell(line: str) -> None:
            minutes, seconds = divmod(int(time.monotonic() - began), 60)
            out.print(f"{minutes:3}:{seconds:02}  {len(clients.acks):7} acknowledged  {line}", markup=False)

        drill = Drill(stage, clients, chance, _LONGEST, tell)
        kinds = endless(chance, [kind for kind in given.kinds if kind not in stage.skipped])
        drill.run(kinds, time.monotonic() + 60 * given.minutes)
        _print(out, drill)
        if drill.findings:
            kept = stage.keep_logs()
            out.print(f"the logs of the processes: {kept}", markup=False)
    return 1 if drill.findings else 0


def _print(out: Console, drill: Drill) -> None:
    stage, clients = drill.stage, drill.clients
    table = Table("what", "count", box=None)

    def line(what: object, count: object) -> None:
        table.add_row(str(what), str(count))

    for kind, count in sorted(drill.faults.items()):
        line(kind, count)
    line("faults", sum(drill.faults.values()))
    line("longest time until commands were taken again, s", f"{max(drill.recovery, default=0):.1f}")
    line("commands acknowledged", len(clients.acks))
    line("repeated after their answer", clients.told["repeated"])
    line("cases", len(clients.cases))
    line("mails taken in", len(clients.mails))
    line("mails sent", len(stage.mailbox.came))
    line("of these sent more than once", sum(len(times) > 1 for times in stage.mailbox.came.values()))
    for what, count in sorted(clients.told.items()):
        if what not in ("acknowledged", "repeated", "mail taken"):
            line(f"clients were told: {what}", count)
    for member in stage.members:
        line(f"ends of {member.name}, by exit code", dict(member.ends))
    line("findings", len(drill.findings))
    out.print(table)
    for finding in drill.findings[:50]:
        out.print(f"FINDING {finding}", markup=False, style="red")


if __name__ == "__main__":
    sys.exit(main())
