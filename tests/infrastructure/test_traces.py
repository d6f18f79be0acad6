"""Spans are made only where they go somewhere."""

from __future__ import annotations

import sys

import pytest

from application import tracing
from infrastructure.traces import TracesUnavailable, start_tracing


def test_without_the_packages_that_send_spans_the_operator_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracesUnavailable, match="extra `traces`"):
        start_tracing("http://127.0.0.1:4318", "api")
    assert not tracing.is_on()


def test_without_a_collector_no_span_is_made() -> None:
    start_tracing(None, "api")
    assert (tracing.is_on(), tracing.current_trace_id()) == (False, None)
