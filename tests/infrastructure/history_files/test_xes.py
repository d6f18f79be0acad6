"""XES as a stream: attributes of trace and event, and nothing that a document type could bring."""

from __future__ import annotations

from io import BytesIO

import pytest

from application.imports.source import Broken, Line
from infrastructure.history_files.xes import BadXes, xes_lines
from tests.acceptance.imports.shapes import INCIDENTS, xes, xes_event, xes_trace


def lines_of(text: str) -> list[Line]:
    return list(xes_lines(BytesIO(text.encode())))


def test_an_event_has_its_own_attributes_and_those_of_its_trace() -> None:
    lines = lines_of(INCIDENTS)
    line, first = lines[0]
    assert isinstance(first, dict)
    assert (line, len(lines)) == (6, 8)
    assert first["case:concept:name"] == "1-364285768"
    assert (first["concept:name"], first["lifecycle:transition"]) == ("Accepted", "In Progress")
    assert first["org:resource"] == "Åse"


def test_attributes_of_attributes_lists_and_late_attributes_of_a_trace_are_kept() -> None:
    event = (
        '<event><list key="tags"><values><string key="tag" value="a"/><string key="tag" value="b"/></values></list>'
        '<string key="x" value="1"><int key="y" value="2"/></string></event>'
    )
    text = xes(f'<trace>{event}<string key="concept:name" value="7"/></trace>', "<trace/>", event)
    (_, row), (_, empty), (_, stray) = lines_of(text)
    assert row == {"tags.tag": "a; b", "x": "1", "x.y": "2", "case:concept:name": "7"}
    assert isinstance(empty, Broken)
    assert isinstance(stray, dict)
    assert "case:concept:name" not in stray


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE log SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE log [<!ENTITY % remote SYSTEM "http://desk.example/x.dtd"> %remote;]>',
    ],
)
def test_document_types_and_entities_are_refused(prologue: str) -> None:
    with pytest.raises(BadXes, match="document type"):
        lines_of(xes(xes_trace("1", xes_event("&b;", "x", "2010-01-01T00:00:00Z")), prologue=prologue))


@pytest.mark.parametrize("text", ["<log><trace>", "<html></html>", "<log></log><log/>"])
def test_what_is_no_whole_log_is_refused(text: str) -> None:
    with pytest.raises(BadXes):
        lines_of(text)
