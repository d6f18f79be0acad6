-- Questions on cases, queues and obligations.

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

-- name: problems --
SELECT p.number, p.id, p.version, p.status, p.priority, p.service, cardinality(p.incidents) AS incidents, p.known_error,
       p.opened_at, p.resolved_at, p.closed_at, (SELECT position FROM views.tracking) AS position
FROM views.problems p

-- name: waiting --
SELECT q.id, q.received_at, q.cause, q.suggestion, q.size, (SELECT position FROM views.tracking) AS position
FROM views.quarantine q
WHERE q.cause IS NOT NULL AND q.recorded = %(recorded)s
  AND (%(id)s::uuid IS NULL OR (q.received_at, q.id) > (%(received_at)s::timestamptz, %(id)s::uuid))
ORDER BY q.received_at, q.id LIMIT %(limit)s;
