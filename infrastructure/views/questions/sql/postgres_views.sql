-- Questions on cases, queues and obligations.

-- name: position_at --
SELECT notification_id FROM ledger.stored_events WHERE recorded_at <= %s
ORDER BY recorded_at DESC, notification_id DESC LIMIT 1;

-- name: queues --
SELECT q.name, q.cases, t.position
FROM views.tracking t, (
    SELECT queue AS name, cases FROM views.queue_counts
    UNION ALL
    SELECT 'obligations', count(*) FROM views.obligations o WHERE upper_inf(o.positions)
    UNION ALL
    SELECT 'quarantine', count(*) FROM views.quarantine i WHERE i.cause IS NOT NULL AND NOT i.recorded
    UNION ALL
    SELECT 'unprioritized', count(*) FROM views.case_intervals c
    WHERE upper_inf(c.positions) AND c.queue IN ('triage', 'prioritization') AND coalesce(c.priority, 9) = 9
      AND c.status IN ('logged', 'triaged') AND c.received_at < %(late)s
) q
WHERE q.cases > 0 ORDER BY q.name;

-- name: cases --
SELECT {columns} FROM views.case_intervals c

-- name: queue --
c.queue = %(queue)s

-- name: unprioritized --
c.queue IN ('triage', 'prioritization') AND coalesce(c.priority, 9) = 9
AND c.status IN ('logged', 'triaged') AND c.received_at < %(late)s

-- name: obligations --
SELECT o.number AS case, o.kind, o.key, nullif(o.about, '') AS about, o.due_at, o.since, o.role, o.team,
       o.due_at < %(now)s AS overdue, (SELECT position FROM views.tracking) AS position
FROM views.obligations o

-- name: owed_now --
upper_inf(o.positions)

-- name: owed_at_point --
lower(o.positions) <= %(position)s AND o.since <= %(effective_at)s
AND NOT (coalesce(upper(o.positions), %(position)s + 1) <= %(position)s
         AND coalesce(o.settled_at, 'infinity') <= %(effective_at)s)
