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

-- name: last_resolutions --
-- Of each case the last resolution of the period, with the case `c` at the point. Few cases are resolved twice: only for these
-- another resolution is looked for.
views.resolutions r
JOIN {cases} c USING (case_id)
WHERE r.position <= c.position AND r.resolved_at >= %(since)s AND r.resolved_at < %(until)s
  AND (NOT r.superseded OR NOT EXISTS (
      SELECT FROM views.resolutions l
      WHERE l.case_id = r.case_id AND l.episode > r.episode AND l.position <= c.position
        AND l.resolved_at >= %(since)s AND l.resolved_at < %(until)s))

-- name: resolution --
-- A row for each key and priority, for each key, for each priority, and for all: null where it is about all of them.
SELECT {group}, coalesce(t.priority::text, 'none') AS priority, grouping(t.priority) = 1 AS every_priority,
       count(*) AS resolved, count(t.source_seconds) AS source_cases,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.net_seconds) AS net_seconds,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.wall_seconds) AS wall_seconds,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_seconds) AS first_seconds,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.source_seconds) AS source_seconds
FROM (
    SELECT {key} AS key, c.priority, r.net_seconds,
           extract(epoch FROM r.resolved_at - r.received_at)::float8 AS wall_seconds,
           extract(epoch FROM r.first_resolved_at - r.received_at)::float8 AS first_seconds,
           CASE WHEN r.source_position <= c.position THEN r.source_seconds END AS source_seconds
    FROM {last_resolutions} AND r.code <> ALL (%(apart)s)
) t
GROUP BY GROUPING SETS ({sets});

-- name: outcomes --
SELECT {key} AS key,
       count(*) FILTER (WHERE {incident}) AS resolved,
       count(*) FILTER (WHERE {incident} AND {ended}) AS window_ended,
       count(*) FILTER (WHERE {incident} AND {ended} AND r.first_contact AND c.reopenings = 0) AS first_contact,
       count(*) FILTER (WHERE r.code = 'referred') AS referred,
       count(*) FILTER (WHERE r.code = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE r.code = 'reclassified_request') AS reclassified,
       count(*) FILTER (WHERE {incident} AND r.verifier = 'unreachable') AS unreachable,
       count(*) FILTER (WHERE {incident} AND c.hand_backs > 0) AS handed_back,
       coalesce(sum(c.failed_fixes) FILTER (WHERE {incident}), 0)::bigint AS failed_fixes
FROM {last_resolutions}
GROUP BY 1;

-- name: incident --
(r.code <> ALL (%(apart)s))

-- name: ended --
((r.reopened AND r.ended_position <= c.position) IS TRUE
 OR (r.reopened_after_closure_position <= c.position) IS TRUE
 OR (c.dispute_until <= %(moment)s AND c.suspected_at IS NULL))
