"""Prometheus metrics: requests by route and status, and how far ledger and views are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from api.http.process_metrics import PlacesTaken, ThisProcess, Workers
from application.transparency_log import UNSEALED_ALARM


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counted = dict[tuple[str, str, int], tuple[Counter, Histogram]]()
        self.requests = Counter(
            "caseledger_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "caseledger_http_request_seconds", "Seconds to the start of the answer.", ("route",), registry=self.registry
        )
        self.writable = Gauge("caseledger_writable", "1 when the database takes writes.", registry=self.registry)
        self.ledger = Gauge("caseledger_ledger_position", "Position of the last event.", registry=self.registry)
        self.views = Gauge("caseledger_views_position", "Position the views have folded.", registry=self.registry)
        self.lag = Gauge("caseledger_views_lag_seconds", "Age of the oldest event not folded.", registry=self.registry)
        self.sealed = Gauge(
            "caseledger_sealed_position", "Position of the last event in the transparency log.", registry=self.registry
        )
        self.unsealed = Gauge(
            "caseledger_unsealed_seconds", "Age of the oldest event not sealed.", registry=self.registry
        )
        self.unsealed_alarm = Gauge(
            "caseledger_unsealed_alarm", "1 when that is older than it may be.", registry=self.registry
        )
        self.mails = Gauge("caseledger_mails_waiting", "Mails no server has taken yet.", registry=self.registry)
        self.oldest_mail = Gauge(
            "caseledger_oldest_mail_seconds", "Age of the oldest mail waiting.", registry=self.registry
        )
        self.obligations = Gauge("caseledger_obligations_open", "What the desk owes somebody.", registry=self.registry)
        self._here, self._workers_done = ThisProcess(), Workers()
        self.registry.register(self._here)
        self.registry.register(self._workers_done)
        ProcessCollector(registry=self.registry)  # memory, processor time and open files of this process
        self.halted = Gauge(
            "caseledger_projector_halted", "1 when an event halted the projector.", registry=self.registry
        )

        self.projecting = Gauge(
            "caseledger_projector_running", "1 when a projector is running.", registry=self.registry
        )
        self.workers = Gauge(
            "caseledger_worker_running",
            "1 when a worker works, 0 when it fails or is late.",
            ("worker",),
            registry=self.registry,
        )
        self.webhook_position = Gauge(
            "caseledger_webhook_position",
            "Position up to which a webhook has all.",
            ("webhook",),
            registry=self.registry,
        )
        self.webhook_lag = Gauge(
            "caseledger_webhook_lag_seconds",
            "Age of the oldest event that a webhook lacks.",
            ("webhook",),
            registry=self.registry,
        )
        self.webhook_failures = Gauge(
            "caseledger_webhook_failures",
            "How often the next event for a webhook has failed.",
            ("webhook",),
            registry=self.registry,
        )
        self.webhook_sending = Gauge(
            "caseledger_webhook_sending", "1 when events are sent to a webhook.", ("webhook",), registry=self.registry
        )
        self.set_aside = Gauge(
            "caseledger_set_aside",
            "Mails, closures and findings about targets that failed too often and are tried no more.",
            registry=self.registry,
        )

    def watch(self, places: Callable[[], Mapping[str, tuple[int, int]]]) -> None:
        """Show the places of the application, and the lines before them, by rank."""
        self.registry.register(PlacesTaken(places))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request by the template of its route, so that labels stay few, and how long its answer took to begin."""
        key = (method, route, status)
        if (known := self._counted.get(key)) is None:
            known = self._counted[key] = (self.requests.labels(*key), self.seconds.labels(route))
        known[0].inc()
        known[1].observe(seconds)

    def observe(
        self,
        health: Mapping[str, Any],
        workers: Mapping[str, Mapping[str, Any]],
        pools: Mapping[str, Mapping[str, float]],
    ) -> None:
        """Take over what the views say of themselves, what workers say they have done, and the figures of our pools."""
        self._workers_done.figures, self._here.pools = workers, pools
        self.writable.set(health["writable"])
        self.ledger.set(health["ledger_position"])
        self.views.set(health["position"])
        self.lag.set(health["lag_seconds"])
        self.sealed.set(health["sealed_position"])
        self.unsealed.set(health["unsealed_seconds"])
        self.unsealed_alarm.set(health["unsealed_seconds"] > UNSEALED_ALARM)
        self.mails.set(health["mails_waiting"])
        self.oldest_mail.set(max(0.0, health["oldest_mail_seconds"]))
        self.obligations.set(health["obligations_open"])
        self.halted.set(health["halted_at"] is not None)
        self.projecting.set(health["projecting"])
        self.set_aside.set(health["set_aside"])
        self._observe_webhooks(health["webhooks"])
        self.workers.clear()
        for worker, said in health["workers"].items():
            self.workers.labels(worker).set(said["state"] == "running")

    def _observe_webhooks(self, webhooks: Mapping[str, Any]) -> None:
        values: dict[Gauge, Callable[[Mapping[str, Any]], float]] = {
            self.webhook_position: lambda standing: standing["position"],
            self.webhook_lag: lambda standing: max(0.0, standing["lag_seconds"]),
            self.webhook_failures: lambda standing: standing["failures"],
            self.webhook_sending: lambda standing: standing["pause"] is None,
        }
        for gauge, value in values.items():
            gauge.clear()
            for webhook, standing in webhooks.items():
                gauge.labels(webhook).set(value(standing))
