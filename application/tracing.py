"""Traces (OpenTelemetry, W3C Trace Context): from a request over what it recorded to the fold of that and to its mails.

An event keeps the id of the trace that it was recorded in. The span that recorded it bears the event's position as its id.
So whoever acts on the event later, in whatever process, knows the trace and its own parent. Without an exporter nothing of
this runs (`infrastructure.traces`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_OUR_FAULT = 500
_PROPAGATOR = TraceContextTextMapPropagator()
given_id: ContextVar[int | None] = ContextVar("given_id", default=None)
"""The id of the span that is started now; None for a random one."""


@dataclass(frozen=True)
class Traced:
    """An event that was recorded in a trace."""

    trace_id: str
    """32 hexadecimal digits."""
    position: int
    topic: str


class _Tracing:
    """Whether spans go anywhere."""

    is_on = False


def turn_on() -> None:
    """Begin to make spans. The caller has set up where they go."""
    _Tracing.is_on = True


def is_on() -> bool:
    """Whether spans are made."""
    return _Tracing.is_on


def current_trace_id() -> str | None:
    """The id of the present trace, as 32 hexadecimal digits; None outside of one."""
    if not _Tracing.is_on:
        return None
    here = trace.get_current_span().get_span_context()
    return trace.format_trace_id(here.trace_id) if here.is_valid else None


@contextmanager
def request(headers: Mapping[str, str]) -> Iterator[Span]:
    """The span of a request, within the trace that its `traceparent` names, else within a new one."""
    tracer, parent = trace.get_tracer("caseledger"), _PROPAGATOR.extract(headers)
    with tracer.start_as_current_span("request", parent, SpanKind.SERVER) as span:
        yield span


def appended(events: Sequence[Traced], began: int) -> None:
    """Make the spans of events that the present span has recorded. ``began`` is in ns since 1970."""
    for event in events:
        _make(f"append {event.topic}", event, None, began, id_=event.position)


def folded(events: Sequence[Traced], began: int) -> None:
    """Make the spans of events that were folded into the views. ``began`` is in ns since 1970."""
    for event in events:
        _make(f"fold {event.topic}", event, _after(event), began)


@contextmanager
def following(event: Traced | None, name: str) -> Iterator[None]:
    """The span of work that follows an event. Without an event that was traced there is none."""
    if event is None or not _Tracing.is_on:
        yield
        return
    with trace.get_tracer("caseledger").start_as_current_span(name, _after(event), SpanKind.CONSUMER) as span:
        span.set_attribute("caseledger.position", event.position)
        yield


def describe(span: Span, method: str, route: str, status: int) -> None:
    """Name the span of a request by its route, and say how it was answered (OpenTelemetry's conventions for HTTP)."""
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= _OUR_FAULT:
        span.set_status(Status(StatusCode.ERROR))


def now() -> int:
    """Nanoseconds since 1970, of the system's clock: spans of all processes share it."""
    return time.time_ns()


def _after(event: Traced) -> Context:
    """The context of the span that recorded an event."""
    recorded = SpanContext(int(event.trace_id, 16), event.position, is_remote=True, trace_flags=TraceFlags(1))
    return trace.set_span_in_context(NonRecordingSpan(recorded))


def _make(name: str, event: Traced, parent: Context | None, began: int, id_: int | None = None) -> None:
    held = given_id.set(id_)
    try:
        kind = SpanKind.INTERNAL if parent is None else SpanKind.CONSUMER
        span = trace.get_tracer("caseledger").start_span(name, parent, kind, start_time=began)
    finally:
        given_id.reset(held)
    span.set_attribute("caseledger.position", event.position)
    span.end()
