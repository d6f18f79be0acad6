-- What the desk owes somebody. The case's number is taken from the view of cases, which has folded the batch before.

-- name: load --
SELECT o.case_id, o.key, lower(o.positions) AS position, o.since, o.due_at, o.kind, o.about, o.role, o.team
FROM unnest(%b::uuid[]) AS wanted (id)
JOIN views.obligations o ON o.case_id = wanted.id AND upper_inf(o.positions);

-- name: end --
UPDATE views.obligations o
SET positions = int8range(lower(o.positions), w.position), settled_at = w.at, renewed = w.renewed
FROM unnest(%b::uuid[], %b::text[], %b::bigint[], %b::timestamptz[], %b::boolean[]) AS w (id, key, position, at, renewed)
WHERE o.case_id = w.id AND o.key = w.key AND upper_inf(o.positions);

-- name: insert --
INSERT INTO views.obligations (case_id, key, positions, since, settled_at, renewed, due_at, number, kind, about, role,
                               team)
SELECT w.id, w.key, int8range(w.position, w.until), w.since, w.settled_at, w.renewed, w.due_at, c.number, w.kind,
       w.about, w.role, w.team
FROM unnest(%b::uuid[], %b::text[], %b::bigint[], %b::bigint[], %b::timestamptz[], %b::timestamptz[], %b::boolean[],
            %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::text[])
     AS w (id, key, position, until, since, settled_at, renewed, due_at, kind, about, role, team)
JOIN views.case_intervals c ON c.case_id = w.id AND upper_inf(c.positions);
