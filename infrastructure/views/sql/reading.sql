-- The questions of the read side on cases, queues and what is owed.

-- name: position_at --
SELECT notification_id FROM ledger.stored_events WHERE recorded_at <= %s
ORDER BY recorded_at DESC, notification_id DESC LIMIT 1;

-- name: health --
SELECT t.position, t.halted_at, t.halted_by,
       coalesce((SELECT max(notification_id) FROM ledger.stored_events), 0) AS ledger_position,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.stored_events WHERE notification_id > t.position
           ORDER BY notification_id LIMIT 1)), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM views.outbox WHERE due_at IS NOT NULL) AS mails_waiting,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT min(queued_at) FROM views.outbox WHERE due_at IS NOT NULL)), 0)::float8 AS oldest_mail_seconds,
       (SELECT count(*) FROM views.obligations WHERE upper_inf(positions)) AS obligations_open,
       coalesce(s.size, 0) AS log_size, coalesce(s.position, 0) AS sealed_position,
       greatest(0, coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.stored_events WHERE notification_id > coalesce(s.position, 0)
           ORDER BY notification_id LIMIT 1)), 0))::float8 AS unsealed_seconds
FROM views.tracking t
LEFT JOIN (SELECT size, position FROM tlog.checkpoints ORDER BY log DESC, size DESC LIMIT 1) s ON true;

-- name: projecting --
-- Whoever holds the projector's turn (projector.sql, take_turn).
SELECT EXISTS (SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                 AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                 AND (l.classid::bigint << 32) + l.objid::bigint = 4850712370) AS working;

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
