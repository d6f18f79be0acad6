-- The temporal view of cases and what is kept beside it. All of a batch goes in one transaction.

-- name: load --
SELECT i.case_id, i.version, lower(i.positions) AS position, lower(i.valid) AS since,
       i.received_at, i.resolved_at, i.closed_at, i.dispute_until, i.pending_since, i.closes_at, i.suspected_at,
       i.resolve_by, i.held_since, i.resolution_version, i.priority, i.impact, i.severity, i.reopenings, i.hand_backs, i.failed_fixes,
       i.episodes, i.paused_seconds, i.settled_seconds, i.imported, i.number, i.status, i.queue, i.service, i.team,
       i.technician, i.customer, i.agency, i.channel, i.nature, i.pending_reason, i.resolution_code, i.problem,
       i.external_ref
FROM unnest(%b::uuid[]) AS wanted (id)
JOIN views.case_intervals i ON i.case_id = wanted.id AND upper_inf(i.positions);

-- name: load_episodes --
SELECT r.case_id, r.episode, r.number, r.position, r.resolved_at, r.received_at, r.net_seconds, r.code,
       r.cause_corrected, r.problem, r.verifier, r.first_contact, r.ended_position, r.ended_at, r.reopened,
       r.reopened_after_closure_position, r.reopened_after_closure_at, r.source_position, r.source_seconds
FROM unnest(%b::uuid[], %b::int[]) AS wanted (id, episode)
JOIN views.resolutions r ON r.case_id = wanted.id AND r.episode = wanted.episode;

-- name: close --
UPDATE views.case_intervals i
SET positions = int8range(lower(i.positions), w.position),
    valid = tstzrange(lower(i.valid), w.at, CASE WHEN lower(i.valid) = w.at THEN '[]' ELSE '[)' END)
FROM unnest(%b::uuid[], %b::bigint[], %b::bigint[], %b::timestamptz[]) AS w (id, version, position, at)
WHERE i.case_id = w.id AND i.version = w.version;

-- name: insert --
COPY views.case_intervals (case_id, version, positions, valid, received_at, resolved_at, closed_at, dispute_until,
    pending_since, closes_at, suspected_at, resolve_by, held_since, resolution_version, priority, impact, severity, reopenings,
    hand_backs, failed_fixes, episodes, paused_seconds, settled_seconds, imported, number, status, queue, service, team,
    technician, customer, agency, channel, nature, pending_reason, resolution_code, problem, external_ref)
FROM STDIN (FORMAT BINARY);

-- name: delete_episodes --
DELETE FROM views.resolutions r USING unnest(%b::uuid[], %b::int[]) AS w (id, episode)
WHERE r.case_id = w.id AND r.episode = w.episode;

-- name: insert_episodes --
COPY views.resolutions (case_id, episode, number, position, resolved_at, received_at, net_seconds, code,
    cause_corrected, problem, verifier, first_contact, ended_position, ended_at, reopened,
    reopened_after_closure_position, reopened_after_closure_at, source_position, source_seconds)
FROM STDIN (FORMAT BINARY);

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
