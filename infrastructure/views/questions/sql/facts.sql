-- The facts of cases at a past point.

-- name: then --
-- Cases that have not changed since are as they are now. Few others were known then: what they were stands in the interval that
-- holds the point, and a stay in `resolved` is known as far as that interval. Most cases are read, in the order in which they lie
-- (`+ 0`: not by an index), and the few by their key (`OFFSET 0`: PostgreSQL expects more, and would read all of them again).
(
    SELECT {names} FROM {present} f WHERE f.position + 0 <= %(position)s AND f.updated_at <= %(effective_at)s
    UNION ALL
    SELECT {past}
    FROM {ended} i
    CROSS JOIN LATERAL (SELECT * FROM views.case_facts f WHERE f.case_id = i.case_id OFFSET 0) f
    LEFT JOIN LATERAL (
        SELECT * FROM views.resolutions r
        WHERE r.case_id = i.case_id AND r.position <= i.position ORDER BY r.episode DESC LIMIT 1
    ) r ON true
)

-- name: changed --
-- The cases whose last change lies between two positions, and those that time alone may have changed, as they are now.
(
    SELECT * FROM views.case_facts f WHERE f.position > %(kept)s AND f.position <= %(position)s
    UNION ALL
    SELECT * FROM views.case_facts f WHERE f.case_id = ANY (%(waiting)s::uuid[]) AND f.position <= %(kept)s
)

-- name: waited --
-- Of these cases, those that have not changed since the position. The others have an interval that holds it.
(SELECT * FROM views.case_facts f WHERE f.case_id = ANY (%(waiting)s::uuid[]))

-- name: ended --
-- The intervals that hold the point: those that ended after the position, and those before it that ended after the moment.
-- Short ones are among the next to end, and long ones have an index of ranges (migrations/0035).
(
    SELECT * FROM views.case_intervals i
    WHERE i.until_position > %(position)s AND i.until_position <= %(position)s + 16384
      AND i.position <= %(position)s AND i.since <= %(effective_at)s
      AND NOT (i.until_position - i.position >= 16384 OR i.until - i.since >= interval '7 days')
    UNION ALL
    SELECT * FROM views.case_intervals i
    WHERE int8range(i.position, i.until_position) @> %(position)s::bigint AND i.since <= %(effective_at)s
      AND (i.until_position - i.position >= 16384 OR i.until - i.since >= interval '7 days')
    UNION ALL
    SELECT * FROM views.case_intervals i
    WHERE i.until > %(effective_at)s AND i.until <= %(soon)s AND i.until_position <= %(position)s AND i.since <= %(effective_at)s
      AND NOT (i.until_position - i.position >= 16384 OR i.until - i.since >= interval '7 days')
    UNION ALL
    SELECT * FROM views.case_intervals i
    WHERE tstzrange(i.since, i.until, '[]') @> %(effective_at)s AND i.until > %(effective_at)s AND i.until_position <= %(position)s
      AND (i.until_position - i.position >= 16384 OR i.until - i.since >= interval '7 days')
)

-- name: acknowledged --
CASE WHEN f.acknowledged_position <= i.position THEN f.acknowledged_{part} END

-- name: responded --
-- The first contact as far as it was known.
CASE WHEN f.responded_position <= i.position THEN f.responded_{part}
     ELSE (SELECT l.{part} FROM unnest(f.later_responses, f.later_response_positions, f.later_response_business)
           WITH ORDINALITY AS l (at, position, business, place)
           WHERE l.position <= i.position ORDER BY l.place DESC LIMIT 1) END
