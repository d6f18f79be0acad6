"""XES and OCEL as their schemas and pm4py read them: the same cases, events, objects and relations, without a warning."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
from lxml import etree

from tests.acceptance.exports.conftest import BACKWARDS, Exporter, mined, needs_pm4py
from tests.acceptance.imports.logs import imported
from tests.blocking import BlockingDesk

SCHEMAS = Path(__file__).parent / "schemas"
Arcs = Counter[tuple[str, str]]


@pytest.fixture
def exported(exporter: Exporter, desk: BlockingDesk) -> Exporter:
    """A desk that has imported history as well, one row of which goes back in time."""
    imported(desk, BACKWARDS)
    exporter.settle()
    return exporter


def events(exporter: Exporter) -> list[tuple[str, str, int]]:
    """Number, topic and position of each event of a case, case by case, straight from the record."""
    with psycopg.connect(exporter.database.superuser) as superuser:
        return superuser.execute(
            "SELECT number, topic, notification_id FROM ledger.stored_events JOIN ledger.numbers USING (originator_id)"
            " WHERE topic LIKE 'case.%' ORDER BY number, originator_version"
        ).fetchall()


def follows(found: list[tuple[str, str, int]]) -> Arcs:
    """The directly-follows graph: how often an event of one topic comes next after one of another in a case."""
    return Counter((a, b) for (case, a, _), (other, b, _) in pairwise(found) if case == other)


def validate(schema: str, file: Path) -> Any:
    document = etree.parse(file)
    etree.XMLSchema(etree.parse(SCHEMAS / schema)).assertValid(document)
    return document


def test_xes_validates_and_stands_on_a_checkpoint(exported: Exporter) -> None:
    file = exported.folder / "log.xes"
    manifest = exported.manifest("xes", file)
    document = validate("xes.xsd", file)
    told = {each.get("key"): each.get("value") for each in document.getroot() if each.tag in ("string", "int")}
    assert (told["checkpoint"], int(told["position"])) == (manifest["checkpoint"], manifest["position"])
    assert len(document.findall(".//event")) == manifest["events"] == len(events(exported))


XES_SCRIPT = """
import json, sys, pm4py
log = pm4py.read_xes(sys.argv[1], variant=sys.argv[2])
dfg, start, end = pm4py.discover_dfg(log)
rows = list(zip(log["case:concept:name"], log["concept:name"], log["position"].astype(int), log["leaf"].astype(int)))
print(json.dumps({"rows": [[str(a), str(b), int(c), int(d)] for a, b, c, d in rows],
                  "dfg": [[a, b, int(n)] for (a, b), n in dfg.items()]}))
"""


@needs_pm4py
@pytest.mark.parametrize("variant", ["chunk_regex", "iterparse"])
def test_pm4py_reads_the_same_cases_events_and_directly_follows_graph(exported: Exporter, variant: str) -> None:
    file = exported.folder / "log.xes"
    exported.run("xes", file)
    found, ours = mined(XES_SCRIPT, file, variant), events(exported)
    assert sorted((case, topic, position) for case, topic, position, _ in found["rows"]) == sorted(ours)
    assert len({leaf for *_, leaf in found["rows"]}) == len(ours)
    assert {(a, b): n for a, b, n in found["dfg"]} == follows(ours)


def test_ocel_validates_in_every_form(exported: Exporter) -> None:
    for suffix in ("json", "xml", "sqlite"):
        exported.run("ocel", exported.folder / f"log.{suffix}")
    validate("ocel.xsd", exported.folder / "log.xml")
    log = json.loads((exported.folder / "log.json").read_text(encoding="utf-8"))
    jsonschema.validate(log, json.loads((SCHEMAS / "ocel.schema.json").read_text(encoding="utf-8")))
    ids = {each["id"] for each in log["objects"]}
    assert len(ids) == len(log["objects"])
    related = {r["objectId"] for each in (*log["objects"], *log["events"]) for r in each["relationships"]}
    assert related <= ids
    declared = {
        each["name"]: {a["name"] for a in each["attributes"]} for each in log["objectTypes"] + log["eventTypes"]
    }
    for each in (*log["objects"], *log["events"]):
        assert {attribute["name"] for attribute in each["attributes"]} <= declared[each["type"]]
    assert log["caseledger"]["position"] == max(position for *_, position in events(exported))
    connection = sqlite3.connect(exported.folder / "log.sqlite")
    connection.execute("PRAGMA foreign_keys = on")
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert dict(connection.execute("SELECT * FROM caseledger"))["checkpoint"] == log["caseledger"]["checkpoint"]
    connection.close()


def test_the_forms_of_ocel_tell_the_same(exported: Exporter) -> None:
    for suffix in ("json", "xml", "sqlite"):
        exported.run("ocel", exported.folder / f"log.{suffix}")
    log = json.loads((exported.folder / "log.json").read_text(encoding="utf-8"))
    relations = {(e["id"], r["objectId"], r["qualifier"]) for e in log["events"] for r in e["relationships"]}
    links = {(o["id"], r["objectId"], r["qualifier"]) for o in log["objects"] for r in o["relationships"]}
    document = etree.parse(exported.folder / "log.xml")
    for what, expected in (("event", relations), ("object", links)):
        found = document.findall(f"{what}s/{what}/objects/relationship")
        assert {
            (r.getparent().getparent().get("id"), r.get("object-id"), r.get("qualifier")) for r in found
        } == expected
    connection = sqlite3.connect(exported.folder / "log.sqlite")
    assert set(connection.execute("SELECT * FROM event_object")) == relations
    assert set(connection.execute("SELECT * FROM object_object")) == links
    connection.close()


def test_ocel_tells_how_a_case_changed(exported: Exporter) -> None:
    log = json.loads(exported.run("ocel", "-").stdout)
    objects = {each["id"]: each for each in log["objects"]}
    kinds = Counter(each["type"] for each in log["objects"])
    assert {"case", "problem", "service", "team", "person"} == kinds.keys()
    with exported.database.connect("reporter") as reporter:
        history = reporter.execute(
            "SELECT number, status FROM reporting.case_history ORDER BY number, version"
        ).fetchall()
    for number in {number for number, _ in history}:
        statuses = [status for other, status in history if other == number]
        changes = [b for a, b in zip([None, *statuses], statuses, strict=False) if a != b]
        told = [a["value"] for a in objects[number]["attributes"] if a["name"] == "status"]
        assert told == changes, number
    assert ("INC-0000005", "related") in {
        (r["objectId"], r["qualifier"]) for r in objects["INC-0000006"]["relationships"]
    }
    assert {"objectId": "team:network", "qualifier": "owned by"} in objects["service:printing"]["relationships"]
    assert {"objectId": "person:t.lee", "qualifier": "member"} in objects["team:network"]["relationships"]


def test_no_words_leave_in_event_logs(exported: Exporter) -> None:
    with psycopg.connect(exported.database.superuser) as superuser:
        values = superuser.execute("SELECT value FROM vault.disclosures").fetchall()
    words = {
        text for (value,) in values for text in json.loads(value).values() if isinstance(text, str) and len(text) > 12
    }
    assert words
    for command in (("xes", "-"), ("ocel", "-")):
        text = exported.run(*command).stdout
        assert not [each for each in words if each in text]


OCEL_SCRIPT = """
import json, sys, pm4py
read = {"json": pm4py.read_ocel2_json, "xml": pm4py.read_ocel2_xml, "sqlite": pm4py.read_ocel2_sqlite}
ocel = read[sys.argv[2]](sys.argv[1])
flat = pm4py.ocel_flattening(ocel, "case")
own = ocel.relations[ocel.relations["ocel:qualifier"] == "case"]
order = own.assign(n=own["ocel:eid"].str[1:].astype(int)).sort_values(["ocel:oid", "n"])
print(json.dumps({
    "events": sorted(ocel.events["ocel:eid"].astype(str)),
    "objects": sorted(map(list, zip(ocel.objects["ocel:oid"].astype(str), ocel.objects["ocel:type"].astype(str)))),
    "relations": sorted(map(list, zip(*(ocel.relations[c].astype(str) for c in ("ocel:eid", "ocel:oid", "ocel:qualifier"))))),
    "o2o": sorted(map(list, zip(*(ocel.o2o[c].astype(str) for c in ("ocel:oid", "ocel:oid_2", "ocel:qualifier"))))),
    "cases": [[str(a), str(b)] for a, b in zip(order["ocel:oid"], order["ocel:activity"])],
}))
"""


@needs_pm4py
@pytest.mark.parametrize("suffix", ["json", "xml", "sqlite"])
def test_pm4py_reads_the_same_objects_events_and_relations(exported: Exporter, suffix: str) -> None:
    file = exported.folder / f"log.{suffix}"
    exported.run("ocel", file)
    log = json.loads(exported.run("ocel", "-").stdout)
    found = mined(OCEL_SCRIPT, file, suffix)
    assert found["events"] == sorted(each["id"] for each in log["events"])
    assert found["objects"] == sorted([each["id"], each["type"]] for each in log["objects"])
    for name, things in (("relations", log["events"]), ("o2o", log["objects"])):
        assert found[name] == sorted(
            [e["id"], r["objectId"], r["qualifier"]] for e in things for r in e["relationships"]
        )
    ours = [(case, topic, 0) for case, topic, _ in events(exported)]
    assert follows([(case, topic, 0) for case, topic in found["cases"]]) == follows(ours)


VALID_SCRIPT = """
import json, sys
from pm4py.objects.ocel.validation import ocel20_rel_validation
print(json.dumps(list(map(list, ocel20_rel_validation.apply(sys.argv[1])))))
"""


@needs_pm4py
def test_the_database_keeps_the_constraints_of_ocel(exported: Exporter) -> None:
    file = exported.folder / "log.sqlite"
    exported.run("ocel", file)
    satisfied, broken = mined(VALID_SCRIPT, file)
    assert broken == []
    assert len(satisfied) > 10
