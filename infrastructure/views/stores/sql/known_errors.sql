-- The words of known errors, while the vault has them.

-- name: words --
SELECT w.id, d.value
FROM unnest(%b::uuid[], %b::bigint[], %b::bytea[]) AS w (id, version, digest)
JOIN vault.disclosures d ON d.originator_id = w.id AND d.originator_version = w.version AND d.digest = w.digest;

-- name: drop_erased --
DELETE FROM views.known_errors k
WHERE k.problem_id = ANY(%b::uuid[])
  AND NOT EXISTS (SELECT FROM vault.disclosures d
                  WHERE d.originator_id = k.problem_id AND d.originator_version = k.version);
