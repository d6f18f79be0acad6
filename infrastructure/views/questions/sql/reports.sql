-- The figures of the reports (application/reports), at a point and over a period. `f` are the facts of cases at the point,
-- `k1` and `k2` the breakdowns. `apart` are the resolution codes outside the incident figures.

-- name: settings --
-- A report reads most rows: its sorts and groups fit in memory, and are worth no workers where readers share the processors. Its
-- groups are few, which PostgreSQL cannot know of expressions: it would sort where it can hash.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL work_mem = '128MB';
SET LOCAL hash_mem_multiplier = 4;
SET LOCAL enable_sort = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;

-- name: counts --
SELECT status, nullif(priority, 0) AS priority, cases, events, NULL AS k1, NULL AS k2 FROM views.case_counts WHERE cases > 0;

-- name: last_event --
SELECT recorded_at, state FROM ledger.stored_events WHERE notification_id <= %s ORDER BY notification_id DESC LIMIT 1;

-- name: volume --
SELECT {keys}, f.status, f.priority, count(*) AS cases, sum(f.version)::bigint AS events
FROM {facts} f
WHERE f.received_at >= %(since)s AND f.received_at < %(until)s
GROUP BY 1, 2, f.status, f.priority;

-- name: attainment --
SELECT {keys}, f.priority, count(*) AS cases,
       count(*) FILTER (WHERE f.responded_at <= f.respond_by) AS respond_met,
       count(*) FILTER (WHERE coalesce(f.responded_at, %(moment)s) > f.respond_by) AS respond_missed,
       count(*) FILTER (WHERE f.responded_at IS NULL AND %(moment)s <= f.respond_by) AS respond_undecided,
       count(*) FILTER (WHERE {settled} AND f.resolved_at <= f.resolve_by) AS resolve_met,
       count(*) FILTER (WHERE CASE WHEN {settled} THEN f.resolved_at ELSE {runs_until} END > f.resolve_by) AS resolve_missed,
       count(*) FILTER (WHERE NOT {settled} AND {runs_until} <= f.resolve_by) AS resolve_undecided
FROM {facts} f
WHERE f.received_at >= %(since)s AND f.received_at < %(until)s
  AND f.priority IS NOT NULL AND f.respond_by IS NOT NULL AND f.resolve_by IS NOT NULL
  AND NOT ({settled} AND f.code = ANY (%(apart)s))
GROUP BY 1, 2, f.priority;

-- name: settled --
(f.status IN ('resolved', 'closed'))

-- name: runs_until --
(least(f.pending_since, %(moment)s))

-- name: backlog --
SELECT t.k1, t.k2, count(*) AS cases, count(t.pending_since) AS waiting, {percentiles},
       count(*) FILTER (WHERE t.age < interval '1 day') AS under_1_day,
       count(*) FILTER (WHERE t.age >= interval '1 day' AND t.age < interval '3 days') AS "1_to_3_days",
       count(*) FILTER (WHERE t.age >= interval '3 days' AND t.age < interval '7 days') AS "3_to_7_days",
       count(*) FILTER (WHERE t.age >= interval '7 days' AND t.age < interval '30 days') AS "7_to_30_days",
       count(*) FILTER (WHERE t.age >= interval '30 days') AS over_30_days
FROM (SELECT {keys}, f.pending_since, f.age, date_part('epoch', f.received_at) AS oldest FROM {open} f) t
GROUP BY 1, 2;

-- name: open_now --
(SELECT f.team, f.service, f.priority, f.channel, f.agency, f.received_at, f.pending_since,
        %(moment)s - f.received_at AS age
 FROM {facts} f WHERE NOT {settled})

-- name: open_at_instants --
-- A case is open from when it was logged until it is settled, and from each turn back until the next. Most were settled before
-- the first instant. An instant has a place: a case is open at those after the place of its beginning, up to that of its end.
(WITH stays AS MATERIALIZED (
     SELECT f.team, f.service, f.priority, f.channel, f.agency, f.received_at, f.position,
            f.logged_at, f.settled_at, f.settled_position, f.turns, f.turn_positions
     FROM {stays} f
 )
 SELECT f.team, f.service, f.priority, f.channel, f.agency, f.received_at, NULL::timestamptz AS pending_since,
        (%(instants)s::timestamptz[])[n] - f.received_at AS age, n AS instant
 FROM (
     SELECT f.*, p.*
     FROM stays f
     CROSS JOIN LATERAL (
         SELECT width_bucket(f.logged_at - interval '1 microsecond', %(instants)s::timestamptz[]) AS since,
                CASE WHEN f.settled_position <= f.position
                     THEN width_bucket(f.settled_at - interval '1 microsecond', %(instants)s::timestamptz[])
                     ELSE cardinality(%(instants)s::timestamptz[]) END AS until
         OFFSET 0
     ) p WHERE f.turns IS NULL
     UNION ALL
     SELECT f.*, width_bucket(s.since - interval '1 microsecond', %(instants)s::timestamptz[]),
            width_bucket(s.until - interval '1 microsecond', %(instants)s::timestamptz[])
     FROM stays f CROSS JOIN LATERAL (
         SELECT t.at AS since, coalesce(lead(t.at) OVER (ORDER BY t.place), 'infinity') AS until, t.place
         FROM (SELECT f.logged_at AS at, 0::bigint AS place
               UNION ALL
               SELECT u.at, u.place FROM unnest(f.turns, f.turn_positions) WITH ORDINALITY AS u (at, known, place)
               WHERE u.known <= f.position) t
     ) s WHERE f.turns IS NOT NULL AND s.place %% 2 = 0
 ) f
 CROSS JOIN LATERAL generate_series(f.since + 1, f.until) n
 WHERE f.since < f.until)

-- name: stays_now --
-- By the index of `settled_at`.
(SELECT * FROM {facts} f WHERE f.settled_at > (%(instants)s::timestamptz[])[1]
 UNION ALL
 SELECT * FROM {facts} f WHERE f.settled_at IS NULL)

-- name: stays_then --
-- Not settled before the first instant, as far as is known.
(SELECT * FROM {facts} f
 WHERE f.settled_at > (%(instants)s::timestamptz[])[1] OR f.settled_at IS NULL OR f.settled_position > f.position)

-- name: durations --
-- The median and the ninth tenth of each duration, by breakdown and for all.
SELECT {group}, count(*) AS cases, {percentiles}
FROM (SELECT {keys}, {durations} FROM {rows}) t
GROUP BY GROUPING SETS ({sets});

-- name: percentiles --
percentile_cont({fractions}) WITHIN GROUP (ORDER BY t.{name}) AS {name}

-- name: least --
min(t.{name}) AS {name}

-- name: values --
array_agg(t.{name} ORDER BY t.{name}) FILTER (WHERE t.{name} IS NOT NULL) AS {name}

-- name: sorted --
array_agg(t.{name} ORDER BY t.{name}) FILTER (WHERE t.{name} IS NOT NULL) AS {name}_sorted

-- name: acknowledged --
{facts} f WHERE f.acknowledged_at >= %(since)s AND f.acknowledged_at < %(until)s

-- name: responded --
{facts} f WHERE f.responded_at >= %(since)s AND f.responded_at < %(until)s

-- name: resolved --
{last} f WHERE {incident}

-- name: last --
-- Of each case the last resolution of the period. Only where a case was resolved several times, an earlier one is looked for.
(
    SELECT {of_case}, {of_last} FROM {facts} f WHERE f.resolved_at >= %(since)s AND f.resolved_at < %(until)s {earlier}
)

-- name: earlier --
UNION ALL
    SELECT {of_case}, {of_stay}
    FROM {facts} f
    CROSS JOIN LATERAL (
        SELECT * FROM views.resolutions r
        WHERE r.case_id = f.case_id AND r.position <= f.position
          AND r.resolved_at >= %(since)s AND r.resolved_at < %(until)s
        ORDER BY r.episode DESC LIMIT 1
    ) r
    WHERE f.episodes > 1 AND NOT (f.resolved_at >= %(since)s AND f.resolved_at < %(until)s)

-- name: reopenings --
-- Few cases come back: these are counted one by one, beside a row of nothing for each key that has any incident. `here` says how
-- many rows a key has: it has gone when the last one has.
SELECT t.k1, t.k2, sum(t.here)::bigint AS here, count(*) FILTER (WHERE t.reopenings > 0) AS cases_reopened,
       coalesce(sum(t.reopenings), 0)::bigint AS reopenings,
       coalesce(sum(t.reopenings_after_72h), 0)::bigint AS reopenings_after_72h,
       coalesce(sum(t.reopenings_after_closure), 0)::bigint AS reopenings_after_closure
FROM (
    SELECT {keys}, count(*) AS here, 0 AS reopenings, 0 AS reopenings_after_72h, 0 AS reopenings_after_closure
    FROM {facts} f WHERE {incident} GROUP BY 1, 2
    UNION ALL
    SELECT {keys}, 1, count(*) FILTER (WHERE {reopened}),
           count(*) FILTER (WHERE {reopened} AND r.ended_at - r.resolved_at > interval '72 hours'),
           count(*) FILTER (WHERE r.reopened_after_closure_position <= f.position
                              AND r.reopened_after_closure_at >= %(since)s
                              AND r.reopened_after_closure_at < %(until)s)
    FROM {facts} f
    JOIN views.resolutions r USING (case_id)
    WHERE f.turns IS NOT NULL AND r.position <= f.position AND r.code <> ALL (%(apart)s)
      AND (r.reopened OR r.reopened_after_closure_position IS NOT NULL)
    GROUP BY 1, 2, case_id
) t
GROUP BY 1, 2;

-- name: reopened --
(r.reopened AND r.ended_position <= f.position AND r.ended_at >= %(since)s AND r.ended_at < %(until)s)

-- name: resolution --
-- A row for each key and priority, for each key, for each priority, and for all: null where it is about all of them.
SELECT {group}, coalesce(t.priority::text, 'none') AS priority, grouping(t.priority) = 1 AS every_priority,
       count(*) AS resolved, count(t.source_seconds) AS source_cases, {percentiles}
FROM (
    SELECT {keys}, f.priority, f.net_seconds, f.source_seconds,
           date_part('epoch', f.resolved_at - f.received_at) AS wall_seconds,
           date_part('epoch', f.first_resolved_at - f.received_at) AS first_seconds
    FROM {last} f WHERE {incident}
) t
GROUP BY GROUPING SETS ({sets});

-- name: outcomes --
SELECT {keys},
       count(*) FILTER (WHERE {incident}) AS resolved,
       count(*) FILTER (WHERE {incident} AND {ended}) AS window_ended,
       count(*) FILTER (WHERE {incident} AND {ended} AND f.first_contact AND f.reopenings = 0) AS first_contact,
       count(*) FILTER (WHERE f.code = 'referred') AS referred,
       count(*) FILTER (WHERE f.code = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE f.code = 'reclassified_request') AS reclassified,
       count(*) FILTER (WHERE {incident} AND f.verifier = 'unreachable') AS unreachable,
       count(*) FILTER (WHERE {incident} AND f.hand_backs > 0) AS handed_back,
       coalesce(sum(f.failed_fixes) FILTER (WHERE {incident}), 0)::bigint AS failed_fixes
FROM {last} f
GROUP BY 1, 2;

-- name: first_contact --
SELECT {keys}, count(*) AS resolved, count(*) FILTER (WHERE {ended}) AS window_ended,
       count(*) FILTER (WHERE {ended} AND f.first_contact AND f.reopenings = 0) AS first_contact
FROM {last} f WHERE {incident}
GROUP BY 1, 2;

-- name: reopen_rate --
SELECT f.k1, f.k2, count(*) AS resolved, count(*) FILTER (WHERE f.ended OR f.disputed) AS window_ended,
       count(*) FILTER (WHERE f.disputed) AS disputed
FROM (SELECT {keys}, {ended} AS ended, {disputed} AS disputed FROM {last} f WHERE {incident}) f
GROUP BY 1, 2;

-- name: disputed --
-- The last resolution of the period, or another one of it.
(f.disputed OR f.episodes > 1 AND EXISTS (
    SELECT FROM views.resolutions d
    WHERE d.case_id = f.case_id AND d.disputed_position <= f.position AND d.code <> ALL (%(apart)s)
      AND d.resolved_at >= %(since)s AND d.resolved_at < %(until)s))

-- name: referral --
SELECT {keys}, count(*) AS settled, count(*) FILTER (WHERE f.code = 'referred') AS referred
FROM {last} f
GROUP BY 1, 2;

-- name: unreachable --
SELECT {keys}, count(*) AS resolved, count(*) FILTER (WHERE f.verifier = 'unreachable') AS unreachable
FROM {last} f WHERE {incident}
GROUP BY 1, 2;

-- name: problem_links --
SELECT {keys}, count(*) AS problem_required, count(f.problem) AS problem_linked
FROM {last} f WHERE f.code IN ('fixed', 'workaround') AND f.cause_corrected IN ('no', 'unknown')
GROUP BY 1, 2;

-- name: incident --
(f.code <> ALL (%(apart)s))

-- name: ended --
(f.reopened OR f.after_closure OR (f.dispute_until <= %(moment)s AND f.suspected_at IS NULL) IS TRUE)

-- name: hand_back --
SELECT {keys}, count(*) FILTER (WHERE f.kind = 'assigned') AS assignments,
       count(*) FILTER (WHERE f.kind = 'handed_back') AS hand_backs
FROM views.happenings f WHERE f.kind IN ('assigned', 'handed_back') AND {happened}
GROUP BY 1, 2;

-- name: notifications --
SELECT {keys}, count(*) FILTER (WHERE f.kind = 'notified') AS accepted,
       count(*) FILTER (WHERE f.kind = 'notification_failed') AS failed
FROM views.happenings f WHERE f.kind IN ('notified', 'notification_failed') AND {happened}
GROUP BY 1, 2;

-- name: closures --
SELECT {group}, count(*) AS closures, {percentiles}
FROM (SELECT {keys}, f.seconds AS lateness FROM views.happenings f WHERE f.kind = 'closed_by_timer' AND {happened}) t
GROUP BY GROUPING SETS ({sets});

-- name: major_incidents --
SELECT {keys}, count(*) FILTER (WHERE f.value = 'nominated') AS nominated,
       count(*) FILTER (WHERE f.value = 'declared') AS declared, count(*) FILTER (WHERE f.value = 'rejected') AS rejected,
       count(*) FILTER (WHERE f.value = 'declared_by_duty_manager') AS declared_late
FROM views.happenings f
WHERE (f.kind = 'major' OR f.kind = 'deviation' AND f.value = 'declared_by_duty_manager') AND {happened}
GROUP BY 1, 2;

-- name: deviations --
SELECT {keys}, f.value, count(*) AS deviations, count(*) FILTER (WHERE f.imported) AS imported
FROM views.happenings f WHERE f.kind = 'deviation' AND {happened}
GROUP BY 1, 2, f.value;

-- name: happened --
(f.position > %(after)s AND f.position <= %(position)s AND f.at <= %(effective_at)s AND f.at >= %(since)s AND f.at < %(until)s)
