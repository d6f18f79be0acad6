-- Questions on problems and the quarantine.

-- name: problems --
SELECT p.number, p.id, p.version, p.status, p.priority, p.service, cardinality(p.incidents) AS incidents, p.known_error,
       p.opened_at, p.resolved_at, p.closed_at, (SELECT position FROM views.tracking) AS position
FROM views.problems p

-- name: unresolved --
SELECT p.number, p.status FROM views.problems p
WHERE p.status NOT IN ('resolved', 'closed') AND (%(service)s::text IS NULL OR p.service = %(service)s)
ORDER BY p.number DESC LIMIT %(limit)s;

-- name: waiting --
SELECT q.id, q.received_at, q.cause, q.suggestion, q.size, (SELECT position FROM views.tracking) AS position
FROM views.quarantine q
WHERE q.cause IS NOT NULL AND q.recorded = %(recorded)s
  AND (%(id)s::uuid IS NULL OR (q.received_at, q.id) > (%(received_at)s::timestamptz, %(id)s::uuid))
ORDER BY q.received_at, q.id LIMIT %(limit)s;
