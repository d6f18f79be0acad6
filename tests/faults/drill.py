"""A drill: clients at work, one fault after another; after each the desk recovers, and in the end nothing is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from tests.faults.clients import Clients
from tests.faults.invariants import Span, acknowledged, broken, pending, verified
from tests.faults.kinds import KINDS, last
from tests.faults.stage import Stage

_RECOVERY = 90.0
"""Seconds after a fault within which every API process must take commands again."""
_DRAIN = 60.0
"""Seconds in which something of what is pending must be done."""
_SHARE = 0.1
"""The share of the time that checks of the whole record may take while clients are at work."""


def endless(chance: random.Random, kinds: Iterable[str]) -> Iterator[str]:
    """Kinds of fault, each as often as the others, in an order of its own each time."""
    hand = list(kinds)
    while True:
        chance.shuffle(hand)
        yield from hand


@dataclass
class Drill:
    """What is done to a stage, what happened, and what was found."""

    stage: Stage
    clients: Clients
    chance: random.Random
    longest: float
    """Seconds that a fault lasts at most."""
    told: Callable[[str], None]
    """Is told of each fault."""
    faults: Counter[str] = field(default_factory=Counter)
    spans: list[Span] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    """Seconds after each fault until every API process took commands."""
    findings: list[str] = field(default_factory=list)

    def run(self, kinds: Iterable[str], until: float = float("inf")) -> None:
        """Do faults of these kinds until a time of the monotonic clock, then wait for what is pending, and check."""
        with self.clients.at_work():
            try:
                self.stage.until("the clients are at work", lambda: self.clients.answered_since(0.0))
                self._do_all(kinds, until)
            except TimeoutError as late:
                self.findings.append(f"does not happen: {late}")
        for clock in (self.stage.database_clock, *(member.clock for member in self.stage.members)):
            clock.step(2 * 3600)  # past every time at which something may be due
        self.findings += self.clients.findings
        try:
            self.findings += [f"{count} {what} are left" for what, count in self._drained().items()]
            self.findings += broken(self.stage, self.clients, self.spans)
        except TimeoutError as late:
            self.findings.append(f"does not happen after the last fault: {late}")

    def _do_all(self, kinds: Iterable[str], until: float) -> None:
        checked, cost, looked = 0, 0.0, monotonic()
        for kind in kinds:
            if monotonic() > until:
                return
            if kind in self.stage.skipped:
                continue
            self._do(kind)
            acks = len(self.clients.acks)
            self.findings += acknowledged(self.stage, self.clients, checked)
            checked = acks
            if cost < _SHARE * (monotonic() - looked):
                looked = monotonic()
                self.findings += self.stage.until("the record is verified", self._verified, lambda _: True)
                cost = monotonic() - looked
            last(self.chance.uniform(0, self.longest / 4))

    def _do(self, kind: str) -> None:
        began = monotonic()
        whom = KINDS[kind](self.stage, self.chance, self.chance.uniform(self.longest / 4, self.longest))
        ended = monotonic()
        self.spans.append((began, float("inf")))
        self.stage.until(
            f"recovery from {kind} ({whom})", lambda: self.clients.answered_since(ended), seconds=_RECOVERY
        )
        recovered = monotonic() - ended
        self.spans[-1] = (began, ended + recovered)
        self.faults[kind] += 1
        self.recovery.append(recovered)
        self.told(f"{kind} ({whom}), {ended - began:.1f} s; commands again after {recovered:.1f} s")

    def _verified(self) -> list[str]:
        return list(verified(self.stage, at_work=True))

    def _drained(self) -> dict[str, int]:
        """Wait until nothing is pending, as long as something of it gets done. Returns what is left."""
        left, end = pending(self.stage), monotonic() + _DRAIN
        while left and monotonic() < end:
            last(0.2)
            if (now := pending(self.stage)) != left:
                left, end = now, monotonic() + _DRAIN
        return left
