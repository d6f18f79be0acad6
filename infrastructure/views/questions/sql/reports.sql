-- The figures of the reports (docs/reporting.md), at a point and over a period. `apart` are the resolution codes outside
-- the incident figures. An episode is known as far as the case `c` at the point: one condition serves positions and moments.

-- name: counts --
SELECT status, nullif(priority, 0) AS priority, cases, events, NULL AS key FROM views.case_counts WHERE cases > 0;

-- name: last_event --
SELECT recorded_at, state FROM ledger.stored_events WHERE notification_id <= %s ORDER BY notification_id DESC LIMIT 1;

-- name: volume --
SELECT {key} AS key, c.status, c.priority, count(*) AS cases, sum(c.version)::bigint AS events
FROM {cases} c
WHERE c.received_at >= %(since)s AND c.received_at < %(until)s
GROUP BY 1, 2, 3;

-- name: reopenings --
SELECT {key} AS key,
       count(DISTINCT r.case_id) FILTER (WHERE {reopened}) AS cases_reopened,
       count(*) FILTER (WHERE {reopened}) AS reopenings,
       count(*) FILTER (WHERE {reopened} AND r.ended_at - r.resolved_at > interval '72 hours') AS reopenings_after_72h,
       count(*) FILTER (WHERE r.reopened_after_closure_position <= c.position
                          AND r.reopened_after_closure_at >= %(since)s
                          AND r.reopened_after_closure_at < %(until)s) AS reopenings_after_closure
FROM views.resolutions r
JOIN {cases} c USING (case_id)
WHERE r.position <= c.position AND r.code <> ALL (%(apart)s)
GROUP BY 1;

-- name: reopened --
(r.reopened AND r.ended_position <= c.position AND r.ended_at >= %(since)s AND r.ended_at < %(until)s)

-- name: resolution --
SELECT {key} AS key, c.priority, count(*) AS resolved,
       array_agg(c.net_seconds / 3600) AS net, array_agg(c.wall_seconds / 3600) AS wall,
       array_agg(c.first_seconds / 3600) AS first,
       array_agg(c.source_seconds / 3600) FILTER (WHERE c.source_position <= c.position) AS source
FROM (
    SELECT DISTINCT ON (r.case_id) c.*, r.code, r.resolved_at AS counted_at, r.net_seconds, r.source_position, r.source_seconds,
           extract(epoch FROM r.resolved_at - r.received_at)::float8 AS wall_seconds,
           (SELECT extract(epoch FROM f.resolved_at - f.received_at)::float8
            FROM views.resolutions f WHERE f.case_id = r.case_id AND f.code <> ALL (%(apart)s)
            ORDER BY f.episode LIMIT 1) AS first_seconds
    FROM views.resolutions r
    JOIN {cases} c USING (case_id)
    WHERE r.position <= c.position AND r.resolved_at >= %(since)s AND r.resolved_at < %(until)s
    ORDER BY r.case_id, r.episode DESC
) c
WHERE c.code <> ALL (%(apart)s)
GROUP BY 1, 2;

-- name: outcomes --
SELECT {key} AS key,
       count(*) FILTER (WHERE c.incident) AS resolved,
       count(*) FILTER (WHERE c.incident AND {ended}) AS window_ended,
       count(*) FILTER (WHERE c.incident AND {ended} AND c.first_contact AND c.reopenings = 0) AS first_contact,
       count(*) FILTER (WHERE c.code = 'referred') AS referred,
       count(*) FILTER (WHERE c.code = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE c.code = 'reclassified_request') AS reclassified,
       count(*) FILTER (WHERE c.incident AND c.verifier = 'unreachable') AS unreachable,
       count(*) FILTER (WHERE c.incident AND c.hand_backs > 0) AS handed_back,
       coalesce(sum(c.failed_fixes) FILTER (WHERE c.incident), 0)::bigint AS failed_fixes
FROM (
    SELECT DISTINCT ON (r.case_id) c.*, r.code, r.resolved_at AS counted_at, r.first_contact, r.verifier, r.code <> ALL (%(apart)s) AS incident,
           coalesce(r.reopened AND r.ended_position <= c.position, false)
           OR coalesce(r.reopened_after_closure_position <= c.position, false) AS was_reopened
    FROM views.resolutions r
    JOIN {cases} c USING (case_id)
    WHERE r.position <= c.position AND r.resolved_at >= %(since)s AND r.resolved_at < %(until)s
    ORDER BY r.case_id, r.episode DESC
) c
GROUP BY 1;

-- name: ended --
(c.was_reopened OR (c.dispute_until <= %(moment)s AND c.suspected_at IS NULL))
