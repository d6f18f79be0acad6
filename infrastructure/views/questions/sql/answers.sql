-- Answers of reports that are kept, with the values around their percentiles.

-- name: answer --
-- The last one of these at or before the position that is asked for.
SELECT answer, position, moment, waiting, rows::text FROM views.report_answers
WHERE answer = ANY (%(answers)s::integer[]) AND definition = %(definition)s
  AND position BETWEEN %(oldest)s AND %(asked)s AND moment <= %(moment)s
ORDER BY position DESC LIMIT 1;

-- name: aged --
-- The open cases that have not changed since an answer, but have reached another age of the backlog.
SELECT case_id FROM views.case_facts
WHERE settled_at IS NULL AND position <= %(kept)s
  AND (received_at > %(then)s - interval '24 hours' AND received_at <= %(moment)s - interval '24 hours'
    OR received_at > %(then)s - interval '72 hours' AND received_at <= %(moment)s - interval '72 hours'
    OR received_at > %(then)s - interval '168 hours' AND received_at <= %(moment)s - interval '168 hours'
    OR received_at > %(then)s - interval '720 hours' AND received_at <= %(moment)s - interval '720 hours');

-- name: windows --
-- So many values on either side of each percentile as there are changes in its group.
SELECT g.place, w.figure, w.fraction, w.count, w.first + p.low - 1 AS first, w.part[p.low : p.high] AS part
FROM (
    SELECT g.place, g.many, jsonb_build_array(g.k1, g.k2, g.every_key, g.priority, g.every_priority)::text AS key
    FROM unnest(%(k1)s::text[], %(k2)s::text[], %(every_key)s::boolean[], %(priority)s::text[], %(every_priority)s::boolean[],
                %(many)s::bigint[])
         WITH ORDINALITY AS g (k1, k2, every_key, priority, every_priority, many, place)
) g
JOIN views.report_windows w ON w.answer = %(answer)s AND w.key = g.key
CROSS JOIN LATERAL (
    SELECT greatest(1, floor(w.fraction * (w.count - 1))::bigint - w.first - g.many) AS low,
           floor(w.fraction * (w.count - 1))::bigint - w.first + g.many + 5 AS high
) p;
