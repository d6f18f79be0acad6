-- What is due.

-- name: due_closures --
SELECT c.number, c.resolution_version
FROM views.case_intervals c
WHERE upper_inf(c.positions) AND c.closes_at <= %s
ORDER BY c.closes_at, c.number LIMIT %s;

-- name: due_messages --
SELECT m.id FROM views.outbox m WHERE m.due_at <= %s ORDER BY m.due_at, m.id LIMIT %s;

-- name: next_due --
SELECT least(
    (SELECT min(c.closes_at) FROM views.case_intervals c WHERE upper_inf(c.positions) AND c.closes_at IS NOT NULL),
    (SELECT min(m.due_at) FROM views.outbox m WHERE m.due_at IS NOT NULL)
);
