-- The public feed: the rows themselves, and the number people know the case by.

-- name: page --
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.state, e.recorded_at, e.db_role, n.number
FROM ledger.stored_events e LEFT JOIN ledger.numbers n USING (originator_id)
WHERE e.notification_id > %s ORDER BY e.notification_id LIMIT %s;

-- name: listen_events --
LISTEN stored_events;

-- name: listen_reference --
LISTEN reference;

-- name: listen_views --
LISTEN views;

-- name: positions --
SELECT coalesce((SELECT max(notification_id) FROM ledger.stored_events), 0), (SELECT position FROM views.tracking);
