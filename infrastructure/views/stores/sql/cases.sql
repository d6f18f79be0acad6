-- The temporal view of cases, and the counters beside it. One transaction holds all that a batch changes.

-- name: load --
SELECT case_id, version, position, updated_at AS since, stay_position, stay_since, {columns}
FROM views.open_cases WHERE case_id = ANY(%b::uuid[])
UNION ALL
SELECT case_id, version, position, updated_at, stay_position, stay_since, {columns}
FROM views.closed_cases WHERE case_id = ANY(%b::uuid[]);

-- name: load_episodes --
SELECT {episode}
FROM unnest(%b::uuid[], %b::int[]) AS wanted (id, episode)
JOIN views.resolutions r ON r.case_id = wanted.id AND r.episode = wanted.episode;

-- name: delete_episodes --
DELETE FROM views.resolutions r USING unnest(%b::uuid[], %b::int[]) AS w (id, episode)
WHERE r.case_id = w.id AND r.episode = w.episode;

-- name: count_values --
INSERT INTO views.value_counts AS v (name, value, cases, closed)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::bigint[])
ON CONFLICT (name, value) DO UPDATE SET cases = v.cases + excluded.cases, closed = v.closed + excluded.closed;

-- name: drop_empty_values --
DELETE FROM views.value_counts WHERE cases = 0;

-- name: drop_empty_states --
DELETE FROM views.case_counts WHERE cases = 0;

-- name: count_cases --
INSERT INTO views.case_counts AS c (status, priority, cases, events)
SELECT * FROM unnest(%b::text[], %b::smallint[], %b::bigint[], %b::bigint[])
ON CONFLICT (status, priority) DO UPDATE SET cases = c.cases + excluded.cases, events = c.events + excluded.events;
