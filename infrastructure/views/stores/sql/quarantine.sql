-- Messages that wait for a person, and those that no person wrote.

-- name: load --
SELECT q.id, q.version, q.received_at, q.size, q.channel, q.cause, q.suggestion, q.recorded FROM views.quarantine q WHERE q.id = ANY(%b::uuid[]);

-- name: store --
INSERT INTO views.quarantine (id, version, received_at, size, channel, cause, suggestion, recorded)
SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::timestamptz[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::boolean[])
ON CONFLICT (id) DO UPDATE SET version = excluded.version, cause = excluded.cause, suggestion = excluded.suggestion,
    recorded = excluded.recorded;

-- name: drop --
DELETE FROM views.quarantine WHERE id = ANY(%b::uuid[]);

-- name: waiting --
SELECT q.id, q.received_at, q.cause, q.suggestion, q.size, (SELECT position FROM views.tracking) AS position
FROM views.quarantine q
WHERE q.cause IS NOT NULL AND q.recorded = %(recorded)s
  AND (%(id)s::uuid IS NULL OR (q.received_at, q.id) > (%(received_at)s::timestamptz, %(id)s::uuid))
ORDER BY q.received_at, q.id LIMIT %(limit)s;
