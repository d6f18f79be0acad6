-- The temporal view of cases, and the counters beside it. One transaction holds all that a batch changes.

-- name: load --
SELECT c.case_id, c.version, c.position, c.updated_at AS since, c.stay_position, c.stay_since, {columns}, {facts}
FROM views.open_cases c JOIN views.case_facts f USING (case_id) WHERE c.case_id = ANY(%b::uuid[])
UNION ALL
SELECT c.case_id, c.version, c.position, c.updated_at, c.stay_position, c.stay_since, {columns}, {facts}
FROM views.closed_cases c JOIN views.case_facts f USING (case_id) WHERE c.case_id = ANY(%b::uuid[]);

-- name: policies --
-- The policy after a version of its stream.
SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role
FROM ledger.stored_events
WHERE originator_id = %b::uuid AND originator_version > %b::bigint
ORDER BY originator_version;

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
