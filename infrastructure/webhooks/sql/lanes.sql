-- Where the deliveries to webhooks are.

-- name: open --
-- The live lane starts behind the webhook's first event. A replay ends before its own order.
INSERT INTO webhooks.lanes (webhook, lane, position, until)
SELECT w.webhook, w.lane,
       CASE WHEN w.lane = 0 THEN e.notification_id ELSE least(coalesce(w.first, e.notification_id), e.notification_id) - 1 END,
       CASE WHEN w.lane > 0 THEN least(coalesce(w.last, e.notification_id), e.notification_id) END
FROM unnest(%(webhooks)s::text[], %(streams)s::uuid[], %(lanes)s::bigint[], %(firsts)s::bigint[], %(lasts)s::bigint[])
     AS w (webhook, stream, lane, first, last)
JOIN ledger.stored_events e ON e.originator_id = w.stream AND e.originator_version = greatest(w.lane, 1)
ON CONFLICT DO NOTHING;

-- name: lanes --
SELECT webhook, lane, position, until, failures, due_at, version, position FROM webhooks.lanes
WHERE (until IS NULL OR position < until) AND webhook = ANY (%s)
ORDER BY webhook, lane;

-- name: head --
SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events;

-- name: events --
-- A leaf's index is that of the run before it and the number of events since; the first leaf of a restarted log is no event.
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.state, e.recorded_at, e.db_role, n.number,
       coalesce((SELECT r.first + (r.first_position = 0)::int
                        + (SELECT count(*) FROM ledger.stored_events b
                           WHERE b.notification_id >= r.first_position AND b.notification_id < e.notification_id)
                 FROM tlog.entries r
                 WHERE r.log = (SELECT max(log) FROM tlog.logs) AND r.first_position <= e.notification_id
                 ORDER BY r.first_position DESC LIMIT 1),
                (SELECT count(*) FROM ledger.stored_events b WHERE b.notification_id < e.notification_id)) AS leaf_index
FROM ledger.stored_events e LEFT JOIN ledger.numbers n USING (originator_id)
WHERE e.notification_id > %(after)s AND e.notification_id <= %(until)s
  AND (e.topic = ANY (%(topics)s) OR EXISTS (SELECT FROM unnest(%(beginnings)s::text[]) AS b (beginning)
                                             WHERE starts_with(e.topic, b.beginning)))
ORDER BY e.notification_id LIMIT %(limit)s;

-- name: keep --
UPDATE webhooks.lanes SET position = %(position)s, failures = %(failures)s, due_at = %(due_at)s, version = %(version)s
WHERE webhook = %(webhook)s AND lane = %(lane)s;

-- name: attempted --
WITH kept AS (
    UPDATE webhooks.lanes SET position = %(position)s, failures = %(failures)s, due_at = %(due_at)s, version = %(version)s
    WHERE webhook = %(webhook)s AND lane = %(lane)s
)
INSERT INTO webhooks.attempts (webhook, lane, position, topic, message, attempt, attempted_at, milliseconds, status, error,
                               accepted)
VALUES (%(webhook)s, %(lane)s, %(at_position)s, %(topic)s, %(message)s, %(attempt)s, %(attempted_at)s, %(milliseconds)s,
        %(status)s, %(error)s, %(accepted)s);

-- name: stand --
INSERT INTO webhooks.standings (webhook, pause) VALUES (%(webhook)s, %(pause)s)
ON CONFLICT (webhook) DO UPDATE SET pause = excluded.pause;

-- name: prune --
DELETE FROM webhooks.attempts WHERE attempt_id IN (
    SELECT attempt_id FROM webhooks.attempts WHERE attempted_at < %s ORDER BY attempted_at LIMIT %s);
