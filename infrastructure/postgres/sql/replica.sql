-- How far a server's views are, and along which history: the event at a position is the same on two servers only where all before it are.

-- name: folded --
SELECT t.position, e.originator_id, e.originator_version
FROM views.tracking t LEFT JOIN ledger.stored_events e ON e.notification_id = t.position;

-- name: event --
SELECT e.notification_id, e.originator_id, e.originator_version FROM ledger.stored_events e WHERE e.notification_id = %s;
