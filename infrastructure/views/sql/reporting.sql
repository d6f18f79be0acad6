-- The figures of the reports (docs/reporting.md), at a point and over a period. `apart` are the codes that leave the
-- incident figures.

-- name: counts --
SELECT status, nullif(priority, 0) AS priority, cases, events, NULL AS key FROM views.case_counts WHERE cases > 0;

-- name: last_event --
SELECT recorded_at, state FROM ledger.stored_events WHERE notification_id <= %s ORDER BY notification_id DESC LIMIT 1;

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
WHERE {point} AND r.code <> ALL (%(apart)s)
GROUP BY 1;

-- name: reopened --
(r.reopened AND r.ended_position <= %(position)s AND r.ended_at <= %(effective_at)s
 AND r.ended_at >= %(since)s AND r.ended_at < %(until)s)

-- name: resolution --
WITH last AS (
    SELECT DISTINCT ON (r.case_id) r.case_id, r.code, r.net_seconds, r.source_position, r.source_seconds,
           extract(epoch FROM r.resolved_at - r.received_at)::float8 AS wall_seconds,
           (SELECT extract(epoch FROM f.resolved_at - f.received_at)::float8
            FROM views.resolutions f WHERE f.case_id = r.case_id AND f.code <> ALL (%(apart)s)
            ORDER BY f.episode LIMIT 1) AS first_seconds
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
WHERE {point} AND l.code <> ALL (%(apart)s)
GROUP BY 1, 2;

-- name: outcomes --
WITH last AS (
    SELECT DISTINCT ON (r.case_id) r.case_id, r.code, r.first_contact, r.verifier, r.code <> ALL (%(apart)s) AS incident,
           coalesce(r.reopened AND r.ended_position <= %(position)s AND r.ended_at <= %(effective_at)s, false)
           OR coalesce(r.reopened_after_closure_position <= %(position)s
                       AND r.reopened_after_closure_at <= %(effective_at)s, false) AS reopened
    FROM views.resolutions r
    WHERE r.position <= %(position)s AND r.resolved_at <= %(effective_at)s
      AND r.resolved_at >= %(since)s AND r.resolved_at < %(until)s
    ORDER BY r.case_id, r.episode DESC
)
SELECT {key} AS key,
       count(*) FILTER (WHERE l.incident) AS resolved,
       count(*) FILTER (WHERE l.incident AND {ended}) AS window_ended,
       count(*) FILTER (WHERE l.incident AND {ended} AND l.first_contact AND c.reopenings = 0) AS first_contact,
       count(*) FILTER (WHERE l.code = 'referred') AS referred,
       count(*) FILTER (WHERE l.code = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE l.code = 'reclassified_request') AS reclassified,
       count(*) FILTER (WHERE l.incident AND l.verifier = 'unreachable') AS unreachable,
       count(*) FILTER (WHERE l.incident AND c.hand_backs > 0) AS handed_back,
       coalesce(sum(c.failed_fixes) FILTER (WHERE l.incident), 0)::bigint AS failed_fixes
FROM last l
JOIN views.case_intervals c USING (case_id)
WHERE {point}
GROUP BY 1;

-- name: ended --
(l.reopened OR (c.dispute_until <= %(moment)s AND c.suspected_at IS NULL))
