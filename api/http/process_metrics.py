"""Prometheus metrics of processes: what this API process and each worker have done, its places and its connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from application.faults import FAULTS
from application.figures import FIGURES


class ThisProcess(Collector):
    """This API process: errors, refusals, commits, pools."""

    def __init__(self) -> None:
        self.pools: Mapping[str, Mapping[str, float]] = {}
        """Figures of each pool of connections, as `psycopg_pool` names them."""

    def collect(self) -> Iterator[Metric]:
        """The families of metrics, as Prometheus asks for them."""
        errors = CounterMetricFamily("caseledger_uncaught_errors", "Errors that nobody caught.", labels=["where"])
        for where, count in {"http": 0, **FAULTS.counts()}.items():
            errors.add_metric([where], count)
        refusals = CounterMetricFamily(
            "caseledger_refusals", "Requests refused, by type of problem.", labels=["problem"]
        )
        for problem, count in FIGURES.of("refusals").items():
            refusals.add_metric([problem], count)
        written = FIGURES.of("group commit")
        yield from (errors, refusals)
        yield CounterMetricFamily("caseledger_commits", "Transactions of commands.", written.get("commits", 0))
        yield CounterMetricFamily(
            "caseledger_commands_committed",
            "Commands in them: by the transactions, how many share one.",
            written.get("commands", 0),
        )
        yield from self._of_pools()

    def _of_pools(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "caseledger_pool_connections", "Connections to the database.", labels=["pool", "state"]
        )
        waiting = GaugeMetricFamily("caseledger_pool_waiting", "Who waits for a connection.", labels=["pool"])
        waited = CounterMetricFamily("caseledger_pool_wait_seconds", "Seconds waited for connections.", labels=["pool"])
        for name, stats in self.pools.items():
            free = stats.get("pool_available", 0)
            connections.add_metric([name, "free"], free)
            connections.add_metric([name, "lent"], stats.get("pool_size", 0) - free)
            waiting.add_metric([name], stats.get("requests_waiting", 0))
            waited.add_metric([name], stats.get("requests_wait_ms", 0) / 1000)
        yield from (connections, waiting, waited)


class PlacesTaken(Collector):
    """The places of an application, and the lines before them."""

    def __init__(self, figures: Callable[[], Mapping[str, tuple[int, int]]]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """The families of metrics, as Prometheus asks for them."""
        taken = GaugeMetricFamily("caseledger_places_taken", "Requests worked on, by rank.", labels=["rank"])
        waiting = GaugeMetricFamily("caseledger_places_waiting", "Requests in line, by rank.", labels=["rank"])
        for rank, (worked_on, in_line) in self._figures().items():
            taken.add_metric([rank], worked_on)
            waiting.add_metric([rank], in_line)
        yield from (taken, waiting)


class Workers(Collector):
    """What each worker has said of itself last, in the database: it may run in another process, or on another machine."""

    def __init__(self) -> None:
        self.figures: Mapping[str, Mapping[str, Any]] = {}

    def collect(self) -> Iterator[Metric]:
        """The families of metrics, as Prometheus asks for them."""
        done = CounterMetricFamily(
            "caseledger_worker_done", "What a worker has done since it started.", labels=["worker", "what"]
        )
        cpu = CounterMetricFamily(
            "caseledger_worker_cpu_seconds",
            "Processor time of the process that a worker is part of.",
            labels=["worker"],
        )
        memory = GaugeMetricFamily("caseledger_worker_resident_bytes", "Its memory.", labels=["worker"])
        errors = CounterMetricFamily("caseledger_worker_uncaught_errors", "Its uncaught errors.", labels=["worker"])
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {
            "cpu_seconds": cpu,
            "resident_bytes": memory,
            "uncaught_errors": errors,
        }
        for worker, figures in self.figures.items():
            for what, count in figures.get("done", {}).items():
                done.add_metric([worker, what], count)
            for name, family in families.items():
                if name in figures:
                    family.add_metric([worker], figures[name])
        yield from (done, cpu, memory, errors)
