-- Obligations by due time, now or as of a point. Every branch names at most a page.

-- name: page --
SELECT o.number AS case, o.kind, o.key, nullif(o.about, '') AS about, o.due_at, o.since, o.role, o.team,
       o.due_at < %(now)s AS overdue, (SELECT position FROM views.tracking) AS position
FROM ({branches}) o ORDER BY o.due_at, o.number, o.key LIMIT {limit}

-- name: open --
(SELECT o.* FROM views.obligations o WHERE upper_inf(o.positions) AND {where} ORDER BY o.due_at, o.number, o.key LIMIT {limit})

-- name: begun --
lower(o.positions) <= %(position)s AND o.since <= %(effective_at)s

-- name: known_soon_ended --
(SELECT o.* FROM views.obligations o
 WHERE NOT upper_inf(o.positions) AND upper(o.positions) > %(position)s AND upper(o.positions) <= %(position)s + 16384
   AND {where} ORDER BY o.due_at, o.number, o.key LIMIT {limit})

-- name: known_long --
(SELECT o.* FROM views.obligations o
 WHERE NOT upper_inf(o.positions)
   AND (upper(o.positions) - lower(o.positions) >= 16384 OR o.settled_at - o.since >= interval '7 days')
   AND o.positions @> %(position)s::bigint AND o.due_at >= %(least)s AND {where}
 ORDER BY o.due_at OPERATOR(extensions.<->) %(least)s::timestamptz FETCH FIRST {limit} ROWS WITH TIES)

-- name: happened_soon_ended --
(SELECT o.* FROM views.obligations o
 WHERE NOT upper_inf(o.positions) AND o.settled_at > %(effective_at)s
   AND o.settled_at <= %(effective_at)s + interval '168 hours'
   AND {where} ORDER BY o.due_at, o.number, o.key LIMIT {limit})

-- name: happened_long --
(SELECT o.* FROM views.obligations o
 WHERE NOT upper_inf(o.positions)
   AND (upper(o.positions) - lower(o.positions) >= 16384 OR o.settled_at - o.since >= interval '7 days')
   AND tstzrange(o.since, o.settled_at, '[]') @> %(effective_at)s::timestamptz AND o.settled_at > %(effective_at)s
   AND o.due_at >= %(least)s AND {where}
 ORDER BY o.due_at OPERATOR(extensions.<->) %(least)s::timestamptz FETCH FIRST {limit} ROWS WITH TIES)
