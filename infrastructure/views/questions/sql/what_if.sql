-- What events tell of a case as far as a policy decides on it (application/reports/what_if/history.py).

-- name: settings --
-- One long statement over millions of events: it sorts narrow rows, and may use both cores.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL work_mem = '256MB';
SET LOCAL jit = off;
SET LOCAL statement_timeout = '15min';

-- name: told --
-- Each event is parsed once: OFFSET 0 keeps the planner from writing the parsing into every column.
COPY (
    SELECT e.originator_id, e.notification_id, e.topic, e.at,
           CASE e.topic WHEN 'case.logged' THEN e.s ->> 'number' WHEN 'case.pended' THEN e.s ->> 'reason_code'
                        WHEN 'case.resolved' THEN e.s ->> 'code' WHEN 'case.closed' THEN e.s -> 'by' ->> 'subject' END,
           (CASE e.topic WHEN 'case.logged' THEN e.s ->> 'received_at' WHEN 'case.pended' THEN e.s ->> 'since'
                         WHEN 'case.resolved' THEN e.s ->> 'resolved_at' WHEN 'case.notified' THEN e.s ->> 'accepted_at'
                         WHEN 'case.informed' THEN e.s ->> 'at' WHEN 'case.disputed' THEN e.s ->> 'received_at'
                         WHEN 'case.closed' THEN e.s ->> 'closed_at' END)::timestamptz,
           coalesce(e.s ->> 'dispute_until', e.s ->> 'resolve_by')::timestamptz,
           (e.s ->> 'respond_by')::timestamptz,
           (e.s ->> 'impact')::int, (e.s ->> 'severity')::int, (e.s ->> 'priority')::int, (e.s ->> 'computed')::int,
           e.s -> 'calendar' ->> 'name', e.s -> 'calendar' ->> 'of',
           CASE WHEN e.topic = 'case.logged' AND jsonb_typeof(e.s -> 'candidates') = 'array'
                THEN coalesce((SELECT max((each ->> 'score')::float8) FROM jsonb_array_elements(e.s -> 'candidates') each), -1) END,
           coalesce(CASE e.topic WHEN 'case.logged' THEN e.s ->> 'origin' IS NOT NULL
                                 WHEN 'case.unlinked' THEN e.s ->> 'settled_since' IS NOT NULL
                                 WHEN 'case.notification_failed' THEN (e.s ->> 'stops_window')::boolean END, false),
           (CASE WHEN e.topic = 'case.notified' THEN e.s ->> 'accepted_at'
                 WHEN e.topic = 'case.informed' AND (e.s ->> 'informed')::boolean THEN e.s ->> 'at'
                 WHEN e.topic = 'case.verified' AND coalesce(e.s ->> 'outcome', '') <> %(unreachable)s THEN e.s ->> 'at'
                 WHEN e.topic = 'case.pended' AND e.s ->> 'question' IS NOT NULL THEN e.s ->> 'since'
                 WHEN e.topic = 'case.discharged' AND e.s ->> 'obligation' = ANY (%(told)s) THEN e.s ->> 'at'
                 WHEN e.topic = 'case.closed' THEN e.s -> 'confirmation' ->> 'at'
                 WHEN (e.s ->> 'visible_to_customer')::boolean AND e.s -> 'by' ->> 'role' = ANY (%(staff)s)
                 THEN coalesce(e.s ->> 'attached_at', e.at::text) END)::timestamptz
    FROM (SELECT originator_id, originator_version, notification_id, topic, s,
                 coalesce((s ->> 'occurred_at')::timestamptz, recorded_at) AS at
          FROM (SELECT originator_id, originator_version, notification_id, topic, recorded_at,
                       convert_from(state, 'UTF8')::jsonb AS s
                FROM ledger.stored_events
                WHERE topic = ANY (%(topics)s) AND notification_id <= %(position)s OFFSET 0) parsed) e
    {received}
    ORDER BY e.originator_id, e.originator_version
) TO STDOUT (FORMAT binary)

-- name: received --
JOIN {now} c ON c.case_id = e.originator_id AND c.received_at >= %(since)s AND c.received_at < %(until)s
