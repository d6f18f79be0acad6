-- Lists of cases. Every branch names at most a page of cases, each by its key; then the page's rows are read.

-- name: counts --
SELECT v.name, v.value, v.cases, v.closed FROM unnest(%(names)s::text[], %(values)s::text[]) AS w (name, value)
JOIN views.value_counts v USING (name, value)
UNION ALL
SELECT '', '', coalesce(sum(v.cases), 0)::bigint, coalesce(sum(v.closed), 0)::bigint FROM views.value_counts v WHERE v.name = 'status';

-- name: in_range --
SELECT count(*) AS closed FROM (SELECT FROM views.closed_cases c WHERE {where} LIMIT %(most)s) r;

-- name: page --
WITH {parts}page AS (
    SELECT * FROM ({branches}) b ORDER BY {order_of_keys} LIMIT {limit}
)
SELECT {keys_of_page}{columns} FROM page JOIN {rows} ORDER BY {order_of_keys}

-- name: rows_now --
{now} c USING (case_id)

-- name: rows_then --
LATERAL (
    SELECT {present} FROM {now} c
    WHERE c.case_id = page.case_id AND c.position <= %(position)s AND c.updated_at <= %(effective_at)s
    UNION ALL
    SELECT {past} FROM views.case_intervals i JOIN {now} f USING (case_id)
    WHERE i.case_id = page.case_id AND i.position <= %(position)s AND i.since <= %(effective_at)s
      AND (i.until_position > %(position)s OR i.until > %(effective_at)s)
) c ON true

-- name: branch --
(SELECT c.case_id, {keys} FROM {relation} c WHERE {where} ORDER BY {order} LIMIT {limit})

-- name: closed --
-- One part of the closed cases, unless the parts before it have filled the page. The next few in the list's order are looked
-- at: where a filter fits many cases, a page of them is among these. Otherwise all that fit are read and sorted.
walked{n} AS MATERIALIZED (
    SELECT c.case_id, {keys} FROM (SELECT * FROM views.closed_cases c WHERE {part}{filled} ORDER BY {order} LIMIT {walk}) c
    WHERE {where} LIMIT {limit}
), gathered{n} AS MATERIALIZED (
    SELECT c.case_id, {keys} FROM views.closed_cases c
    WHERE {part} AND {where}{filled} AND (SELECT count(*) FROM walked{n}) < {limit}
), closed{n} AS MATERIALIZED (
    (SELECT * FROM walked{n} WHERE (SELECT count(*) FROM walked{n}) = {limit})
    UNION ALL
    (SELECT * FROM gathered{n} ORDER BY {order_of_keys} LIMIT {limit})
),

-- name: filled --
 AND {found} < {limit}

-- name: closed_branch --
SELECT * FROM closed{n}

-- name: found --
(SELECT count(*) FROM closed{n})

-- name: gathered --
gathered AS MATERIALIZED (
    SELECT c.case_id, {keys} FROM views.closed_cases c WHERE {where}
),

-- name: gathered_branch --
(SELECT * FROM gathered ORDER BY {order_of_keys} LIMIT {limit})

-- name: overdue --
-- The clock of a case that waits stands still since then, where the policy says so (R-5.4c).
(c.status NOT IN ('resolved', 'closed')
 AND c.resolve_by < CASE WHEN c.pending_reason = ANY (%(pausing)s) THEN c.pending_since ELSE %(now)s END)

-- name: disputed --
(c.status <> 'closed' AND (c.suspected_at IS NOT NULL OR (c.reopenings > 0 AND c.status <> 'resolved')))

-- name: runs --
-- Its clock runs towards a target.
(c.status NOT IN ('resolved', 'closed') AND c.resolve_by IS NOT NULL
 AND NOT coalesce(c.pending_reason = ANY (%(pausing)s), false))

-- name: ended --
-- The ended intervals around a point: short ones are among the next to end, long ones have an index of ranges.
(SELECT {past} FROM views.case_intervals i JOIN {now} f USING (case_id)
 WHERE i.position <= %(position)s AND i.since <= %(effective_at)s
   AND (i.until_position > %(position)s OR i.until > %(effective_at)s) AND ({windows}))

-- name: known_then --
(i.until_position > %(position)s AND i.until_position <= %(position)s + 16384)
OR ((i.until_position - i.position >= 16384 OR i.until - i.since >= interval '7 days')
    AND int8range(i.position, i.until_position) @> %(position)s::bigint)

-- name: happened_then --
(i.until > %(effective_at)s AND i.until <= %(effective_at)s + interval '168 hours')
OR ((i.until_position - i.position >= 16384 OR i.until - i.since >= interval '7 days')
    AND tstzrange(i.since, i.until, '[]') @> %(effective_at)s::timestamptz)

-- name: stays --
-- Who stood in a queue at a point and has left it since.
(SELECT f.case_id, (s.rank >> 36)::integer AS k0, f.received_at AS k1, f.number
 FROM ({arms}) s JOIN {now} f USING (case_id)
 WHERE {after} ORDER BY k0, k1, f.number LIMIT {limit})

-- name: long_stays_known --
(SELECT i.case_id, i.rank FROM views.case_intervals i
 WHERE (i.until_position - i.stay_position >= 16384 OR i.until - i.stay_since >= interval '7 days')
   AND i.queue = {queue} AND int8range(i.stay_position, i.until_position) @> %(position)s::bigint
   AND i.stay_since <= %(effective_at)s AND {ranks}
 ORDER BY i.rank OPERATOR(extensions.<->) %(least)s::bigint FETCH FIRST {limit} ROWS WITH TIES)

-- name: short_stays_known --
(SELECT i.case_id, i.rank FROM views.case_intervals i
 WHERE i.until_position > %(position)s AND i.until_position <= %(position)s + 2048
   AND i.queue = {queue} AND i.stay_position <= %(position)s
   AND i.stay_since <= %(effective_at)s AND {ranks}
 ORDER BY i.rank FETCH FIRST {limit} ROWS WITH TIES)

-- name: middling_stays_known --
(SELECT i.case_id, i.rank FROM views.case_intervals i
 WHERE i.until_position - i.stay_position >= 2048 AND i.queue = {queue}
   AND i.until_position > %(position)s AND i.until_position <= %(position)s + 16384 AND i.stay_position <= %(position)s
   AND i.stay_since <= %(effective_at)s AND {ranks}
 ORDER BY i.rank FETCH FIRST {limit} ROWS WITH TIES)

-- name: long_stays_happened --
(SELECT i.case_id, i.rank FROM views.case_intervals i
 WHERE (i.until_position - i.stay_position >= 16384 OR i.until - i.stay_since >= interval '7 days')
   AND i.queue = {queue} AND tstzrange(i.stay_since, i.until, '[]') @> %(effective_at)s::timestamptz
   AND i.until > %(effective_at)s
   AND i.stay_position <= %(position)s AND {ranks}
 ORDER BY i.rank OPERATOR(extensions.<->) %(least)s::bigint FETCH FIRST {limit} ROWS WITH TIES)

-- name: short_stays_happened --
(SELECT i.case_id, i.rank FROM views.case_intervals i
 WHERE i.until > %(effective_at)s AND i.until <= %(effective_at)s + interval '168 hours'
   AND i.queue = {queue} AND i.stay_since <= %(effective_at)s
   AND i.stay_position <= %(position)s AND {ranks}
 ORDER BY i.rank FETCH FIRST {limit} ROWS WITH TIES)

-- name: late --
coalesce(c.priority, 9) = 9 AND c.received_at < %(late)s

-- name: queue_count --
SELECT coalesce(sum(cases), 0)::bigint AS cases FROM views.value_counts WHERE name = 'queue' AND value = %(queue)s;

-- name: queues --
-- The counts are kept as the cases change. What depends on the time is a count less those that are not late yet.
SELECT q.name, q.cases, q.attention, t.position
FROM views.tracking t, (
    SELECT value AS name, cases, false AS attention FROM views.value_counts WHERE name = 'queue'
    UNION ALL
    SELECT 'unprioritized', coalesce(sum(cases), 0) - (
        SELECT count(*) FROM views.open_cases c
        WHERE c.queue IN ('triage', 'prioritization') AND coalesce(c.priority, 9) = 9 AND c.received_at >= %(late)s), false
    FROM views.value_counts WHERE name = 'attention' AND value = 'unprioritized'
    UNION ALL
    SELECT 'obligations', count(*), false FROM views.obligations o WHERE upper_inf(o.positions)
    UNION ALL
    SELECT 'quarantine', count(*), false FROM views.quarantine i WHERE i.cause IS NOT NULL AND NOT i.recorded
    UNION ALL
    SELECT value, cases, true FROM views.value_counts
    WHERE name = 'attention' AND value IN ('unassigned', 'awaiting_customer', 'disputes', 'major')
    UNION ALL
    SELECT 'mine', cases, true FROM views.value_counts WHERE name = 'attention' AND value = 'mine:' || %(by)s
    UNION ALL
    SELECT 'breaching', sum(CASE value WHEN 'targets' THEN cases ELSE -cases END), true FROM views.value_counts
    WHERE name = 'attention' AND (value = 'targets' OR value = ANY (%(paused)s))
) q
WHERE q.cases > 0 ORDER BY q.name;
