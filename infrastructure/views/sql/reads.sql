-- Who read whose words (vault.reads).

-- name: add --
INSERT INTO vault.reads (read_at, reader, role, team, through, what, about, customer, version, position)
SELECT r.read_at, r.reader, r.role, r.team, r.through, r.what, r.about,
       CASE r.what WHEN 'customer' THEN r.about
                   ELSE coalesce((SELECT c.customer FROM views.open_cases c WHERE c.number = r.about),
                                 (SELECT c.customer FROM views.closed_cases c WHERE c.number = r.about)) END,
       r.version,
       coalesce(r.position, (SELECT e.notification_id FROM ledger.stored_events e
                             WHERE e.originator_id = r.stream AND e.originator_version = r.version))
FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bigint[], %s::bigint[], %s::uuid[])
         WITH ORDINALITY AS r (read_at, reader, role, team, through, what, about, version, position, stream, nth)
ORDER BY r.nth;

-- name: page --
SELECT read_id, read_at, reader, role, team, through, what, about, customer, version, position
FROM vault.reads
WHERE {conditions}
ORDER BY read_id DESC
LIMIT %(limit)s;

-- name: forget --
DELETE FROM vault.reads
WHERE read_id IN (SELECT read_id FROM vault.reads WHERE read_at < %s ORDER BY read_id LIMIT %s);
