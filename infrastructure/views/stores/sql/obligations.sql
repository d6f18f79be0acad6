-- What the desk owes somebody. The view of cases knows the case's number: it has folded the batch before.

-- name: load --
SELECT o.case_id, o.key, lower(o.positions) AS position, o.since, o.due_at, o.kind, o.about, o.role, o.team
FROM unnest(%b::uuid[]) AS wanted (id)
JOIN views.obligations o ON o.case_id = wanted.id AND upper_inf(o.positions);

-- name: end --
UPDATE views.obligations o
SET positions = int8range(lower(o.positions), w.position), settled_at = w.at, renewed = w.renewed
FROM unnest(%b::uuid[], %b::text[], %b::bigint[], %b::timestamptz[], %b::boolean[]) AS w (id, key, position, at, renewed)
WHERE o.case_id = w.id AND o.key = w.key AND upper_inf(o.positions);

-- name: numbers --
SELECT case_id, number FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c WHERE case_id = ANY(%b::uuid[]);
