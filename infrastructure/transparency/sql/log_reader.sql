-- Reading the transparency log, to which rows are only ever appended.

-- name: snapshot --
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: release --
ROLLBACK;

-- name: current_log --
SELECT log, origin FROM tlog.logs ORDER BY log DESC LIMIT 1;

-- name: logs --
SELECT log, origin FROM tlog.logs ORDER BY log;

-- name: latest --
SELECT c.log, c.size, c.position, c.note, c.sealed_at FROM tlog.checkpoints c ORDER BY c.log DESC, c.size DESC LIMIT 1;

-- name: hashes --
SELECT first, data FROM tlog.hashes WHERE log = %s AND level = %s AND first >= %s AND first < %s ORDER BY first;

-- name: entries --
SELECT first, data FROM tlog.entries WHERE log = %s AND first >= %s AND first < %s ORDER BY first;

-- name: run_of --
SELECT first, data FROM tlog.entries WHERE log = %s AND first_position <= %s ORDER BY first_position DESC LIMIT 1;

-- name: checkpoints --
SELECT c.log, c.size, c.position, c.sealed_at, c.note FROM tlog.checkpoints c
WHERE (c.log, c.size) < (%s, %s)
ORDER BY c.log DESC, c.size DESC LIMIT %s;

-- name: last_position --
SELECT max(e.notification_id) FROM ledger.numbers n JOIN ledger.stored_events e USING (originator_id) WHERE n.number = %s;

-- name: last_event --
SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events;
