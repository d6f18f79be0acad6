-- Counts the answers of reports that are kept.

-- name: settings --
-- In one snapshot, with memory of its own: a report reads most rows.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SET LOCAL work_mem = '64MB';
SET LOCAL hash_mem_multiplier = 4;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL synchronous_commit = off;

-- name: take_turn --
SELECT pg_try_advisory_lock(4850712384);

-- name: leave_turn --
SELECT pg_advisory_unlock(4850712384);

-- name: hold_off_rebuild --
-- A rebuild holds this lock from its first step to its last (rebuild.sql, take_turn).
SELECT pg_try_advisory_lock_shared(4850712383);

-- name: let_rebuild --
SELECT pg_advisory_unlock_shared(4850712383);

-- name: known --
SELECT t.position, t.events, coalesce((SELECT sum(cases) FROM views.case_counts), 0)::bigint AS cases FROM views.tracking t;

-- name: answers --
SELECT answer, definition, position FROM views.report_answers;

-- name: give_up --
-- All answers but these: those at every second mark, when a step doubles.
WITH given_up AS (DELETE FROM views.report_answers WHERE answer <> ALL (%s::integer[]) RETURNING answer)
DELETE FROM views.report_windows w USING given_up g WHERE w.answer = g.answer;

-- name: last_event --
SELECT state, recorded_at FROM ledger.stored_events WHERE notification_id <= %s ORDER BY notification_id DESC LIMIT 1;

-- name: forget --
DELETE FROM views.report_windows WHERE answer = %(answer)s;

-- name: keep --
WITH counted AS MATERIALIZED ({statement}){windows}
INSERT INTO views.report_answers AS a (answer, report, by, definition, position, moment, waiting, rows)
SELECT %(answer)s, %(report)s, %(by)s, %(definition)s, %(kept)s, %(moment)s, {waiting},
       coalesce((SELECT jsonb_agg(to_jsonb(r)) FROM (SELECT {columns} FROM counted c) r), '[]')
ON CONFLICT (answer) DO UPDATE
SET definition = excluded.definition, position = excluded.position, moment = excluded.moment,
    waiting = excluded.waiting, rows = excluded.rows;

-- name: windows --
-- Values around each percentile, and all of a group that still fills.
, kept AS (
    INSERT INTO views.report_windows (answer, key, figure, fraction, count, first, part)
    SELECT %(answer)s, jsonb_build_array(c.k1, c.k2, {every}, {sub})::text, v.figure, v.fraction, n.count, p.low,
           v.sorted[p.low : p.high]
    FROM counted c
    CROSS JOIN LATERAL (VALUES {figures}) v (figure, fraction, sorted)
    CROSS JOIN LATERAL (SELECT cardinality(v.sorted)::bigint AS count) n
    CROSS JOIN LATERAL (
        SELECT CASE WHEN {filling} THEN n.count ELSE %(least)s + n.count / %(part)s END AS width,
               floor(v.fraction * (n.count - 1))::bigint AS place
    ) w
    CROSS JOIN LATERAL (
        SELECT greatest(1, w.place - w.width) AS low, least(n.count, w.place + w.width + 3) AS high
    ) p
    WHERE v.sorted IS NOT NULL
)

-- name: waiting --
-- Cases that change by the time alone. Those that have changed after the position are counted for that.
ARRAY(SELECT f.case_id FROM views.case_facts f
      WHERE f.position <= %(kept)s
        AND (f.dispute_until > %(moment)s OR f.respond_by >= %(moment)s AND f.responded_at IS NULL
          OR f.resolve_by >= %(moment)s AND f.status NOT IN ('resolved', 'closed')))

-- name: late --
-- Cases that were opened or settled after the moment: the last event is not the one that happened last.
ARRAY(SELECT f.case_id FROM views.case_facts f WHERE f.position <= %(kept)s AND f.updated_at > %(moment)s)
