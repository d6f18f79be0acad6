"""Spans of one request, in three processes: a collector of ours takes them by OTLP (OpenTelemetry Protocol, HTTP)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from infrastructure.mail.catcher import mail_catcher
from tests.acceptance.conftest import incident
from tests.acceptance.operating import Served, folder
from tests.waiting import until

__all__ = ["folder"]
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7"


@dataclass(frozen=True)
class Taken:
    """A span as a collector sees it."""

    name: str
    id: int
    parent: int
    process: str
    status: int | None
    began: int
    ended: int


@contextmanager
def collector() -> Iterator[tuple[str, list[Taken]]]:
    """A collector's address, and the spans of `TRACE` that came in."""
    taken = list[Taken]()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in sent.resource_spans:
                named = {each.key: each.value.string_value for each in resource.resource.attributes}
                assert named["service.name"] == "caseledger"
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    values = {each.key: each.value.int_value for each in span.attributes}
                    if span.trace_id.hex() == TRACE:
                        taken.append(
                            Taken(
                                span.name,
                                int.from_bytes(span.span_id),
                                int.from_bytes(span.parent_span_id),
                                named["service.instance.id"],
                                values.get("http.response.status_code"),
                                span.start_time_unix_nano,
                                span.end_time_unix_nano,
                            )
                        )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_trace_goes_from_the_request_over_the_record_to_the_views_and_the_mail(folder: Path) -> None:
    with collector() as (url, taken), mail_catcher() as catcher:
        desk = Served(folder, traces_url=url, smtp_host="127.0.0.1", smtp_port=str(catcher.port), smtp_tls="none")
        try:
            with desk.client("technician") as http:
                http.headers["If-Match"] = "*"
                case = f"/cases/{http.post('/cases', json=incident()).json()['number']}"
                http.post(f"{case}/triage", json={"owner": "desk"}).raise_for_status()
                http.post(f"{case}/prioritize", json={"impact": 2, "severity": 2}).raise_for_status()
                question = {"reason_code": "customer", "question": "Which floor is it?"}
                asked = http.post(f"{case}/pend", json=question, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
                asked.raise_for_status()
            until(lambda: any(span.name == "send mail" for span in taken), lambda: taken)
            until(lambda: any(span.name == "fold message.queued" for span in taken), lambda: taken)
            # What each worker has done, in whatever process, comes with its next heartbeat.
            figures = [
                f'caseledger_worker_done_total{{what="{what}",worker="{worker}"}}'
                for worker, what in (("projector", "events"), ("sealer", "checkpoints"), ("mail", "accepted"))
            ]
            until(lambda: all(each in httpx.get(f"{desk.url}/metrics").text for each in figures))
        finally:
            desk.end(signal.SIGTERM)
    spans = {span.name: span for span in taken}
    request = spans["POST /cases/{number}/pend"]
    assert (request.parent, request.process, request.status) == (int(CALLER, 16), "api", asked.status_code)
    appended = [span for span in taken if span.name.startswith("append ")]
    assert {"append case.pended", "append message.queued"} <= {span.name for span in appended}
    # The span that recorded an event bears its position.
    assert max(span.id for span in appended if span.process == "api") == int(asked.headers["Position"])
    for span in appended:
        if span.process == "api":
            assert span.parent == request.id
            assert request.began <= span.began <= span.ended <= request.ended
    for topic in ("case.pended", "message.queued"):
        fold = spans[f"fold {topic}"]
        assert (fold.parent, fold.process) == (spans[f"append {topic}"].id, "worker")
    assert (spans["send mail"].parent, spans["send mail"].process) == (spans["append message.queued"].id, "worker")
