-- The sealer reads new events, and writes runs of entries and hashes and a checkpoint, in one transaction.

-- name: settings --
-- A seal lost in a crash is made again to the same bytes: the file outside remembers it (sealer.py).
SET synchronous_commit = off;

-- name: current_log --
SELECT log, origin FROM tlog.logs ORDER BY log DESC LIMIT 1;

-- name: last_checkpoint --
SELECT size, position, note FROM tlog.checkpoints WHERE log = %s ORDER BY size DESC LIMIT 1;

-- name: new_events --
-- The server hashes the states, so that a batch is small however large they are.
SELECT notification_id, originator_id::text, originator_version, topic, sha256(state),
       to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), db_role::text
FROM ledger.stored_events
WHERE notification_id > %s
ORDER BY notification_id LIMIT %s;

-- name: open_log --
INSERT INTO tlog.logs (log, origin) VALUES (%s, %s);

-- name: add_entries --
COPY tlog.entries (log, first, first_position, width, data) FROM STDIN (FORMAT BINARY);

-- name: add_hashes --
COPY tlog.hashes (log, level, first, data) FROM STDIN (FORMAT BINARY);

-- name: add_checkpoint --
INSERT INTO tlog.checkpoints (log, size, position, note) VALUES (%s, %s, %s, %s);
