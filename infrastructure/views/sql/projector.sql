-- The projector: its turn, its position, and the events it reads.

-- name: listen --
LISTEN stored_events;

-- name: take_turn --
SELECT pg_try_advisory_lock(4850712370);

-- name: hold --
-- Every writer to the live views takes this lock before it resolves their names: a rebuild renames them under it.
SELECT pg_advisory_xact_lock(4850712381);

-- name: lock_position --
SELECT position FROM views.tracking FOR UPDATE;

-- name: read --
SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role
FROM ledger.stored_events
WHERE notification_id > %s AND notification_id <= %s
ORDER BY notification_id LIMIT %s;

-- name: advance --
UPDATE views.tracking SET position = %s, events = events + %s, halted_at = NULL, halted_by = NULL;

-- name: halt --
UPDATE views.tracking SET halted_at = %s, halted_by = %s;

-- name: notify --
SELECT pg_notify('views', %s::text);

-- name: forget_answers --
-- At most so many, oldest first.
DELETE FROM ledger.idempotency
WHERE recorded_at < least(now() - interval '7 days',
                          (SELECT recorded_at FROM ledger.idempotency ORDER BY recorded_at OFFSET %s LIMIT 1));
