"""A few of each fault, from a fixed seed. `make faults` does the same for as long as you like."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from tests.faults.clients import Clients
from tests.faults.drill import Drill
from tests.faults.kinds import KINDS
from tests.faults.stage import a_desk

SEED = 17
log = logging.getLogger(__name__)


def test_nothing_is_lost_and_nothing_happens_twice_whatever_is_killed_stopped_or_cut_off(
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(SEED)
    kinds = list(KINDS)
    chance.shuffle(kinds)
    with a_desk() as stage:
        for kind, why in stage.skipped.items():
            record_property(f"not done here: {kind}", why)
        drill = Drill(stage, Clients(stage, SEED, 8, 0.1), chance, 1.5, log.info)
        drill.run(kinds)
    assert drill.findings == []
    assert set(drill.faults) == set(KINDS) - set(stage.skipped)
