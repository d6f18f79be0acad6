-- Problems as they are, and the known errors published of them.

-- name: load --
SELECT p.id, p.version, p.opened_at, p.resolved_at, p.closed_at, p.priority, p.number, p.status, p.service,
       p.known_error, p.incidents
FROM views.problems p WHERE p.id = ANY(%b::uuid[]);

-- name: store --
INSERT INTO views.problems (id, version, opened_at, resolved_at, closed_at, priority, number, status, service,
                            known_error, incidents)
VALUES (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, resolved_at = excluded.resolved_at, closed_at = excluded.closed_at,
    priority = excluded.priority, status = excluded.status, service = excluded.service,
    known_error = excluded.known_error, incidents = excluded.incidents;

-- name: words --
SELECT w.id, d.value
FROM unnest(%b::uuid[], %b::bigint[], %b::bytea[]) AS w (id, version, digest)
JOIN vault.disclosures d ON d.originator_id = w.id AND d.originator_version = w.version AND d.digest = w.digest;

-- name: drop_articles --
DELETE FROM views.known_errors WHERE problem_id = ANY(%b::uuid[]);

-- name: drop_erased --
DELETE FROM views.known_errors k
WHERE k.problem_id = ANY(%b::uuid[])
  AND NOT EXISTS (SELECT FROM vault.disclosures d
                  WHERE d.originator_id = k.problem_id AND d.originator_version = k.version);

-- name: store_article --
INSERT INTO views.known_errors (problem_id, version, known_error, title, symptoms, workaround)
VALUES (%b, %b, %b, %b, %b, %b);
