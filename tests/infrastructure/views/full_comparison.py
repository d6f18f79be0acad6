"""The search for duplicates as a full comparison: every report on the record, read without the views (R-5.6a)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from application.views.open_reports import compared_of, terms_of
from application.views.similar import Match, Profile, shared

_REPORTS = """
SELECT e.originator_id, convert_from(e.state, 'UTF8')::jsonb AS logged,
       (SELECT convert_from(s.state, 'UTF8')::jsonb ->> 'value' FROM ledger.stored_events s
        WHERE s.originator_id = e.originator_id AND s.topic = 'case.corrected'
          AND convert_from(s.state, 'UTF8')::jsonb ->> 'field' = 'service' ORDER BY s.originator_version DESC LIMIT 1) AS service,
       ARRAY(SELECT d.value FROM vault.disclosures d JOIN ledger.stored_events s USING (originator_id, originator_version)
             WHERE d.originator_id = e.originator_id AND d.kind = 'customer_words'
               AND s.topic IN ('case.logged', 'case.corrected') ORDER BY d.originator_version) AS values
FROM ledger.stored_events e
WHERE e.topic = 'case.logged'
  AND coalesce((SELECT s.topic FROM ledger.stored_events s
                WHERE s.originator_id = e.originator_id AND s.topic IN ('case.closed', 'case.reopened')
                ORDER BY s.originator_version DESC LIMIT 1), '') <> 'case.closed'
"""


def full_comparison(
    connection: psycopg.Connection[Any], one: Profile, since: datetime, decided: Collection[str] = ()
) -> list[Match]:
    """All earlier reports of open cases that share a term or the fingerprint, the most alike first."""
    found = []
    for _, other, terms in open_reports(connection):
        both = shared(one.terms, terms)
        if (
            (both or (one.external_ref is not None and one.external_ref == other.external_ref))
            and terms
            and since <= other.received_at
            and (other.received_at, other.number) < (one.received_at, one.number)
            and other.number not in decided
        ):
            found.append(Match(other.number, other.service, other.received_at, other.external_ref, both))
    return sorted(found, key=lambda match: (-match.shared, match.received_at, match.number))


def open_reports(connection: psycopg.Connection[Any]) -> list[tuple[UUID, Profile, frozenset[int]]]:
    """Every open report on the record, in its latest words."""
    reports = []
    for case, logged, service, values in connection.execute(_REPORTS).fetchall():
        terms = terms_of(compared_of(values))
        received_at = datetime.fromisoformat(logged["received_at"])
        its = service or logged.get("service")
        reports.append((case, Profile(logged["number"], its, received_at, logged.get("external_ref"), terms), terms))
    return reports
