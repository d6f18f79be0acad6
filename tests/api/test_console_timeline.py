"""The timeline of a case: what each event reads as, what is folded, and what is no longer there."""

from __future__ import annotations

from typing import Any

from api.http.console.timeline import timeline


def event(topic: str, version: int, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "position": 100 + version,
        "version": version,
        "topic": topic,
        "recorded_at": "2026-11-23T14:00:00Z",
        "occurred_at": "2026-11-23T14:00:00Z",
        "by": {"subject": "t.lee", "role": "team_member", "team": "network"},
        "via": {"interface": "http", "channel": None},
        "reason": None,
        "data": data,
        **more,
    }


def said(**value: Any) -> dict[str, Any]:
    return {"digest": "ab", "subject": "s", "kind": "staff_words", "erased": not value, "value": value or None}


def test_an_event_reads_as_a_sentence_about_who_did_it() -> None:
    (line,) = timeline([event("case.assigned", 1, {"team": "network", "words": said(diagnosis="the switch")})])
    assert (line.who, line.what, line.role) == ("t.lee", "assigned it to the team network", "team member, network")
    assert [(each.label, each.text) for each in line.said] == [("Diagnosis", "the switch")]


def test_a_customer_has_no_name_on_the_rail_and_what_they_quote_is_folded() -> None:
    by = {"subject": "f2d3", "role": "customer", "team": None}
    data = {"words": said(text="still broken", quoted="> is it?"), "automatic": False}
    (line,) = timeline([event("case.message_received", 1, data, by=by, via={"interface": "mail", "channel": "email"})])
    assert (line.who, line.via, line.spoken) == ("the customer", "e-mail", True)
    assert [each.fold for each in line.said] == ["", "Quoted text"]


def test_erased_words_are_said_to_be_erased() -> None:
    (line,) = timeline([event("case.noted", 1, {"note": said(), "visible_to_customer": False})])
    assert [each.text for each in line.said] == [None]
    assert line.internal


def test_words_that_are_for_others_leave_no_trace() -> None:
    hidden = {**said(), "erased": False}
    (line,) = timeline([event("case.diagnosed", 1, {"words": hidden})])
    assert line.said == []


def test_alerts_in_a_row_are_one_line() -> None:
    alerts = [event("case.alerted", each, {"source": "prom", "alerts": [{}]}) for each in (1, 2, 3)]
    lines = timeline([*alerts, event("case.triaged", 4, {"owner": "desk"}), *alerts[:1]])
    assert [len(line.same) for line in lines] == [2, 0, 0]


def test_an_event_without_words_here_is_named_by_its_topic() -> None:
    assert timeline([event("case.made_up_later", 1, {})])[0].what == "made up later"
