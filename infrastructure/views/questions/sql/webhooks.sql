-- Deliveries to webhooks. Nothing here is a view of the record: the worker writes the tables.

-- name: attempts --
SELECT attempt_id, position, topic, message, attempt, CASE WHEN lane = 0 THEN NULL ELSE lane END AS replay, attempted_at,
       milliseconds, status, error, accepted
FROM webhooks.attempts WHERE webhook = %(webhook)s AND attempt_id < %(before)s ORDER BY attempt_id DESC LIMIT %(limit)s;

-- name: standings --
-- The newest event at the last look is all that a lane can be behind.
SELECT s.webhook, s.pause, l.position, l.failures, l.due_at,
       (SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events) - l.position AS behind,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.stored_events WHERE notification_id > l.position
           ORDER BY notification_id LIMIT 1)), 0)::float8 AS lag_seconds
FROM webhooks.standings s JOIN webhooks.lanes l ON l.webhook = s.webhook AND l.lane = 0
WHERE s.pause IS DISTINCT FROM 'retired'
ORDER BY s.webhook;
