"""Small logs in the shapes of public ones. Every case and every person in them is invented."""

from __future__ import annotations

HELP_DESK = """\
Case ID,Activity,Resource,Complete Timestamp,Variant,Variant index,seriousness,customer,product,responsible_section,\
seriousness_2,service_level,service_type,support_section,workgroup
Case 1,Assign seriousness,Value 1,2012/10/09 14:50:17.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 1,Take in charge ticket,Value 1,2012/10/09 14:51:01.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 2,Assign seriousness,Value 2,2012/10/10 09:00:00.000,Variant 1,1,Value 1,Value 2,Value 3,Value 2,Value 2,Value 2,Value 1,Value 1,Value 1
Case 1,Resolve ticket,Value 1,2012/10/12 15:02:56.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 1,Take in charge ticket,Value 3,2012/10/16 09:00:00.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 1,Resolve ticket,Value 3,2012/10/16 10:00:00.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 1,Closed,Value 5,2012/10/25 11:54:26.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 1,Closed,Value 5,2012/10/25 11:54:26.000,Variant 12,12,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1,Value 1
Case 2,Reboot the moon,Value 2,2012/10/09 09:00:00.000,Variant 1,1,Value 1,Value 2,Value 3,Value 2,Value 2,Value 2,Value 1,Value 1,Value 1
"""
"""One row an activity, the case's attributes on every row, the cases interleaved. A row comes twice, one is unknown,
and one goes back in time. Case 1 is reopened after 72 hours."""


def xes_event(name: str, transition: str, at: str, **attributes: str) -> str:
    """An event of an incident log."""
    told = {"org:resource": "Åse", "org:group": "Line 2", "product": "PROD1", "impact": "Medium", **attributes}
    others = "".join(f'<string key="{key}" value="{value}"/>' for key, value in told.items())
    return (
        f'<event><string key="concept:name" value="{name}"/><string key="lifecycle:transition" value="{transition}"/>'
        f'<date key="time:timestamp" value="{at}"/>{others}</event>\n'
    )


def xes_trace(number: str, *events: str) -> str:
    """A trace of an incident log."""
    return f'<trace><string key="concept:name" value="{number}"/>\n{"".join(events)}</trace>\n'


def xes(*traces: str, prologue: str = "") -> str:
    """An incident log as XES."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{prologue}'
        '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
        '<float key="meta:deviation" value="7.6"><float key="Åse" value="0.1"/></float>\n'
        '<global scope="event"><string key="concept:name" value="UNKNOWN"/></global>\n'
        f"{''.join(traces)}</log>\n"
    )


INCIDENTS = xes(
    xes_trace(
        "1-364285768",
        xes_event("Accepted", "In Progress", "2010-03-31T16:59:42+02:00"),
        xes_event("Queued", "Awaiting Assignment", "2010-03-31T17:45:48+02:00", **{"org:group": "Line 3"}),
        xes_event("Accepted", "Wait - User", "2010-04-01T09:00:00+02:00", **{"org:group": "Line 3"}),
        xes_event("Accepted", "In Progress", "2010-04-02T09:00:00+02:00", **{"org:group": "Line 3"}),
        xes_event("Completed", "Resolved", "2010-04-06T15:44:07+02:00", **{"org:group": "Line 3", "impact": "High"}),
        xes_event("Completed", "Closed", "2012-05-11T00:26:15+02:00", **{"org:group": "Line 3", "impact": "High"}),
    ),
    xes_trace("1-2", xes_event("Unmatched", "Unmatched", "2012-05-01T10:00:00+02:00")),
    xes_trace("1-3", xes_event("Completed", "In Call", "2012-05-01T10:00:00+02:00")),
)
"""XES: a status and its sub-status, with a pair that the mapping does not know."""

TICKETS = """\
id;subject;description;requester;team;priority;opened_at;assigned_at;resolved_at;closed_at;assignee;service
7;Printer;"It prints
only stripes";jo@agency.example;network;2;2024-03-29 08:00;2024-03-29 09:00;2024-03-31 09:30;2024-04-05 09:30;t.lee;printing
8;Mail;Slow;sam@agency.example;messaging;9;2024-03-30 08:00;;2024-03-31 09:30;;m.ruiz;email
9;Disk;Full;jo@agency.example;network;3;2024-03-30 08:00;2024-03-30 07:00;;;t.lee;storage
10;Nothing;Never;jo@agency.example;network;3;;;;;t.lee;storage
"""
"""One row a case with a time for each status: a text of two lines, an unknown priority, a time that goes back, and a row
without any time."""
