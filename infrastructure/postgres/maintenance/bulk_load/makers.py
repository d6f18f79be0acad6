"""Processes that make the stretches of a simulation beside each other, and hand them on in order."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from application.demo.simulation.stretch import Plan, Simulation, Store
from infrastructure.postgres.maintenance.bulk_load.rows import Rows, rows_of

_SPAWN = multiprocessing.get_context("spawn")
_AHEAD = 2
"""Stretches that a process may be ahead of whoever takes them."""


class Makers:
    """So many processes with a simulation each. They end with the process that opened them, however that ends."""

    def __init__(self, plan: Plan, store: Store, processes: int) -> None:
        self._processes = processes
        self._pool = ProcessPoolExecutor(processes, _SPAWN, _Maker.begin, (plan, store))

    def prelude(self) -> list[Rows]:
        """What stands before the first case."""
        return self._pool.submit(_Maker.prelude).result()

    def stretches(self, first: int, last: int) -> Iterator[list[Rows]]:
        """The stretches from the first up to before the last."""
        wanted, made = iter(range(first, last)), deque[Future[list[Rows]]]()
        while True:
            while len(made) < self._processes * _AHEAD and (number := next(wanted, None)) is not None:
                made.append(self._pool.submit(_Maker.stretch, number))
            if not made:
                return
            yield made.popleft().result()

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


class _Maker:
    """The simulation of one process."""

    loop: asyncio.AbstractEventLoop
    simulation: Simulation
    begun: list[Rows]

    @classmethod
    def begin(cls, plan: Plan, store: Store) -> None:
        _tether()
        gc.disable()  # a stretch leaves little behind, and is cleared away as a whole
        cls.loop = asyncio.new_event_loop()
        cls.simulation = Simulation(plan, store)
        cls.begun = [rows_of(commit) for commit in cls.loop.run_until_complete(cls.simulation.prelude())]
        gc.freeze()

    @classmethod
    def prelude(cls) -> list[Rows]:
        return cls.begun

    @classmethod
    def stretch(cls, number: int) -> list[Rows]:
        gc.collect()
        return [rows_of(commit) for commit in cls.loop.run_until_complete(cls.simulation.stretch(number))]


@contextmanager
def beside() -> Iterator[ProcessPoolExecutor]:
    """One process for work beside ours. It ends with ours, however that ends."""
    with ProcessPoolExecutor(1, _SPAWN, _tether) as pool:
        yield pool


def _tether() -> None:
    """End this process with the one that began it, also when that is killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
