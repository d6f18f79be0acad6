"""Where spans go: to a collector, by OTLP over HTTP (the extra `traces`)."""

from __future__ import annotations

from application.tracing import given_id, turn_on


class TracesUnavailable(Exception):
    """The packages that send spans are not installed."""


def start_tracing(endpoint: str | None, process: str) -> None:
    """Send the spans of this process to a collector, in batches, from a thread of their own. Without an endpoint none are made.

    A collector that is away loses spans, and holds nothing up. Raises TracesUnavailable.
    """
    if endpoint is None:
        return
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415
    except ImportError as error:
        raise TracesUnavailable(f"CASELEDGER_TRACES_URL needs the extra `traces`: {error}") from error

    class Ids(RandomIdGenerator):
        """The span that records an event bears its position (`application.tracing`)."""

        def generate_span_id(self) -> int:
            return given_id.get() or super().generate_span_id()

    resource = Resource.create({"service.name": "caseledger", "service.instance.id": process})
    provider = TracerProvider(resource=resource, id_generator=Ids())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    turn_on()
