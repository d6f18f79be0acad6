-- The state of ledger, views, seal and workers. It is asked every few seconds, so it reads no large table.

-- name: health --
SELECT t.position, t.halted_at, t.halted_by,
       coalesce((SELECT max(notification_id) FROM ledger.stored_events), 0) AS ledger_position,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.stored_events WHERE notification_id > t.position
           ORDER BY notification_id LIMIT 1)), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM views.outbox WHERE due_at IS NOT NULL) AS mails_waiting,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT min(queued_at) FROM views.outbox WHERE due_at IS NOT NULL)), 0)::float8 AS oldest_mail_seconds,
       (SELECT count(*) FROM views.obligations WHERE upper_inf(positions)) AS obligations_open,
       coalesce(s.size, 0) AS log_size, coalesce(s.position, 0) AS sealed_position,
       greatest(0, coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM ledger.stored_events WHERE notification_id > coalesce(s.position, 0)
           ORDER BY notification_id LIMIT 1)), 0))::float8 AS unsealed_seconds,
       NOT pg_is_in_recovery() AND NOT current_setting('default_transaction_read_only')::boolean AS writable,
       (SELECT count(*) FROM operations.set_aside WHERE given_up) AS set_aside,
       (SELECT needs FROM operations.schema) AS needs
FROM views.tracking t
LEFT JOIN (SELECT size, position FROM tlog.checkpoints ORDER BY log DESC, size DESC LIMIT 1) s ON true;

-- name: workers --
SELECT worker, CASE WHEN expected_by < now() THEN 'late' ELSE state END AS state, error, since FROM operations.workers
ORDER BY worker;

-- name: figures --
SELECT worker, figures FROM operations.workers ORDER BY worker;

-- name: set_aside --
SELECT kind, item, tries, error, since FROM operations.set_aside WHERE given_up ORDER BY since, kind, item LIMIT 100;

-- name: projecting --
-- Whether a session holds the projector's turn (projector.sql, take_turn).
SELECT EXISTS (SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                 AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                 AND (l.classid::bigint << 32) + l.objid::bigint = 4850712370) AS working;
