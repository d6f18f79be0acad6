-- The timers of targets: the columns of a case's events, and those of its watch.

-- name: run --
INSERT INTO views.targets AS t (number, kind, due_at, warning_at, waits)
SELECT * FROM unnest(%b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::text[])
ON CONFLICT (number, kind) DO UPDATE
SET due_at = excluded.due_at, warning_at = excluded.warning_at, waits = excluded.waits;

-- name: end --
UPDATE views.targets t SET due_at = NULL, warning_at = NULL, waits = ''
FROM unnest(%b::text[], %b::text[]) AS w (number, kind) WHERE t.number = w.number AND t.kind = w.kind;

-- name: forget --
-- A row stays while something was recorded about its target.
DELETE FROM views.targets t USING unnest(%b::text[], %b::text[]) AS w (number, kind)
WHERE t.number = w.number AND t.kind = w.kind AND t.warned = '{}' AND t.breached = '{}';

-- name: record --
INSERT INTO views.targets AS t (number, kind, warned, breached)
SELECT w.number, w.kind, coalesce(array_agg(w.due_at ORDER BY w.place) FILTER (WHERE NOT w.breached), '{}'),
       coalesce(array_agg(w.due_at ORDER BY w.place) FILTER (WHERE w.breached), '{}')
FROM unnest(%b::text[], %b::text[], %b::timestamptz[], %b::boolean[])
    WITH ORDINALITY AS w (number, kind, due_at, breached, place)
GROUP BY w.number, w.kind ORDER BY w.number, w.kind
ON CONFLICT (number, kind) DO UPDATE SET warned = t.warned || excluded.warned, breached = t.breached || excluded.breached;
