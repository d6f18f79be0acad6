-- The temporal view of cases, and the counters beside it. One transaction holds all that a batch changes.

-- name: load --
SELECT case_id, version, lower(positions) AS position, lower(valid) AS since, {columns}
FROM views.case_intervals WHERE case_id = ANY(%b::uuid[]) AND upper_inf(positions);

-- name: load_episodes --
SELECT {episode}
FROM unnest(%b::uuid[], %b::int[]) AS wanted (id, episode)
JOIN views.resolutions r ON r.case_id = wanted.id AND r.episode = wanted.episode;

-- name: close --
UPDATE views.case_intervals i
SET positions = int8range(lower(i.positions), w.position),
    valid = tstzrange(lower(i.valid), w.at, CASE WHEN lower(i.valid) = w.at THEN '[]' ELSE '[)' END)
FROM unnest(%b::uuid[], %b::bigint[], %b::bigint[], %b::timestamptz[]) AS w (id, version, position, at)
WHERE i.case_id = w.id AND i.version = w.version;

-- name: delete_episodes --
DELETE FROM views.resolutions r USING unnest(%b::uuid[], %b::int[]) AS w (id, episode)
WHERE r.case_id = w.id AND r.episode = w.episode;

-- name: count_queues --
INSERT INTO views.queue_counts AS q (queue, cases) SELECT * FROM unnest(%b::text[], %b::bigint[])
ON CONFLICT (queue) DO UPDATE SET cases = q.cases + excluded.cases;

-- name: drop_empty_queues --
DELETE FROM views.queue_counts WHERE cases = 0;

-- name: drop_empty_states --
DELETE FROM views.case_counts WHERE cases = 0;

-- name: count_cases --
INSERT INTO views.case_counts AS c (status, priority, cases, events)
SELECT * FROM unnest(%b::text[], %b::smallint[], %b::bigint[], %b::bigint[])
ON CONFLICT (status, priority) DO UPDATE SET cases = c.cases + excluded.cases, events = c.events + excluded.events;
