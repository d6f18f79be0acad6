-- The questions of the read side. `at_point` is the one condition behind "now" and any past moment: what the ledger
-- knew at a position, and what had happened by a moment. Now is the open interval, which partial indexes hold.

-- name: position --
SELECT position FROM views.tracking;

-- name: position_at --
SELECT notification_id FROM ledger.stored_events WHERE recorded_at <= %s
ORDER BY recorded_at DESC, notification_id DESC LIMIT 1;

-- name: health --
SELECT t.position, t.halted_at, t.halted_by,
       coalesce((SELECT max(notification_id) FROM ledger.stored_events), 0) AS ledger_position,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.stored_events WHERE notification_id > t.position
           ORDER BY notification_id LIMIT 1)), 0)::float8 AS lag_seconds
FROM views.tracking t;

-- name: queues --
SELECT queue AS name, cases, (SELECT position FROM views.tracking) AS position
FROM views.queue_counts WHERE cases > 0 ORDER BY queue;

-- name: counts --
SELECT status, nullif(priority, 0) AS priority, cases, events, NULL AS key FROM views.case_counts WHERE cases > 0;

-- name: now --
upper_inf(c.positions)

-- name: at_point --
lower(c.positions) <= %(position)s AND lower(c.valid) <= %(effective_at)s
AND NOT (coalesce(upper(c.positions), %(position)s + 1) <= %(position)s
         AND coalesce(upper(c.valid), 'infinity') <= %(effective_at)s)

-- name: items --
SELECT c.case_id AS id, c.number, c.version, c.status, c.queue, c.priority, c.impact, c.severity, c.service, c.team,
       c.technician, c.channel, c.nature, c.agency, c.customer, c.received_at, c.resolved_at, c.closed_at,
       c.dispute_until, c.problem, c.pending_reason, c.pending_since, c.reopenings, c.external_ref, c.imported,
       (SELECT position FROM views.tracking) AS position,
       -- The subject line as last corrected; what was said stays in the vault and vanishes here when erased there.
       (SELECT d.value FROM vault.disclosures d
        WHERE d.originator_id = c.case_id AND d.kind = 'customer_words' AND d.value LIKE '{"subject":%%'
          AND d.originator_version <= c.version
        ORDER BY d.originator_version DESC LIMIT 1) AS words
FROM views.case_intervals c

-- name: volume --
SELECT {key} AS key, c.status, c.priority, count(*) AS cases, sum(c.version)::bigint AS events
FROM views.case_intervals c
WHERE {point} AND c.received_at >= %(since)s AND c.received_at < %(until)s
GROUP BY 1, 2, 3;

-- name: reopenings --
SELECT {key} AS key,
       count(DISTINCT r.case_id) FILTER (WHERE {reopened}) AS cases_reopened,
       count(*) FILTER (WHERE {reopened}) AS reopenings,
       count(*) FILTER (WHERE {reopened} AND r.ended_at - r.resolved_at > interval '72 hours') AS reopenings_after_72h,
       count(*) FILTER (WHERE r.reopened_after_closure_position <= %(position)s
                          AND r.reopened_after_closure_at <= %(effective_at)s
                          AND r.reopened_after_closure_at >= %(since)s
                          AND r.reopened_after_closure_at < %(until)s) AS reopenings_after_closure
FROM views.resolutions r
JOIN views.case_intervals c USING (case_id)
WHERE {point}
GROUP BY 1;

-- name: reopened --
(r.reopened AND r.ended_position <= %(position)s AND r.ended_at <= %(effective_at)s
 AND r.ended_at >= %(since)s AND r.ended_at < %(until)s)

-- name: resolution --
WITH last AS (
    SELECT DISTINCT ON (r.case_id) r.case_id, r.net_seconds, r.source_position, r.source_seconds,
           extract(epoch FROM r.resolved_at - r.received_at)::float8 AS wall_seconds,
           (SELECT extract(epoch FROM f.resolved_at - f.received_at)::float8
            FROM views.resolutions f WHERE f.case_id = r.case_id AND f.episode = 1) AS first_seconds
    FROM views.resolutions r
    WHERE r.position <= %(position)s AND r.resolved_at <= %(effective_at)s
      AND r.resolved_at >= %(since)s AND r.resolved_at < %(until)s
    ORDER BY r.case_id, r.episode DESC
)
SELECT {key} AS key, c.priority, count(*) AS resolved,
       array_agg(l.net_seconds / 3600) AS net, array_agg(l.wall_seconds / 3600) AS wall,
       array_agg(l.first_seconds / 3600) AS first,
       array_agg(l.source_seconds / 3600) FILTER (WHERE l.source_position <= %(position)s) AS source
FROM last l
JOIN views.case_intervals c USING (case_id)
WHERE {point}
GROUP BY 1, 2;
