-- The queries of `caseledger verify`, run as the auditor in one REPEATABLE READ, READ ONLY transaction.

-- name: logs --
SELECT log, origin FROM tlog.logs ORDER BY log;

-- name: last_checkpoint --
SELECT size, position, note FROM tlog.checkpoints WHERE log = %s ORDER BY size DESC LIMIT 1;

-- name: checkpoints --
SELECT size, position, note FROM tlog.checkpoints WHERE log = %s ORDER BY size;

-- name: rows --
SELECT notification_id, originator_id::text, originator_version, topic, state,
       to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), db_role::text
FROM ledger.stored_events
WHERE notification_id <= %s
ORDER BY notification_id;

-- name: runs --
-- Releases before 0.5.0 stored the hashes of leaves too, in the same runs.
SELECT e.first, e.first_position, e.width, e.data, h.data
FROM tlog.entries e LEFT JOIN tlog.hashes h ON h.log = e.log AND h.level = 0 AND h.first = e.first
WHERE e.log = %s
ORDER BY e.first;

-- name: upper_hashes --
SELECT level, first, data FROM tlog.hashes WHERE log = %s AND level > 0 ORDER BY level, first;

-- name: lone_hashes --
SELECT h.first FROM tlog.hashes h
WHERE h.log = %s AND h.level <= 0
  AND (h.level < 0 OR NOT EXISTS (SELECT FROM tlog.entries e WHERE e.log = h.log AND e.first = h.first))
ORDER BY h.first;

-- name: cosignatures --
SELECT size, witness, line FROM tlog.cosignatures WHERE log = %s ORDER BY size, witness;

-- name: first_and_last_note --
SELECT first.note, last.note
FROM (SELECT note FROM tlog.checkpoints WHERE log = %(log)s ORDER BY size LIMIT 1) first,
     (SELECT note FROM tlog.checkpoints WHERE log = %(log)s ORDER BY size DESC LIMIT 1) last;

-- name: key_events --
SELECT topic, convert_from(state, 'UTF8')::json ->> 'vkey' FROM ledger.stored_events
WHERE originator_id = %s AND topic IN ('log.key_introduced', 'log.key_retired') ORDER BY originator_version;

-- name: timestamps --
SELECT l.origin, t.size, t.authority, t.reply, c.note
FROM tlog.timestamps t JOIN tlog.logs l USING (log) JOIN tlog.checkpoints c USING (log, size)
ORDER BY log, size, authority;

-- name: rows_after --
SELECT notification_id, originator_id::text, originator_version, topic, state,
       to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), db_role::text
FROM ledger.stored_events
WHERE notification_id > %s
ORDER BY notification_id LIMIT %s;

-- name: unsealed --
SELECT count(*) FROM ledger.stored_events WHERE notification_id > %s;

-- name: broken_streams --
-- The versions of a stream must be 1, 2, 3 ..., in the order of positions.
SELECT s.originator_id::text, s.originator_version, s.notification_id, s.due
FROM (
    SELECT originator_id, originator_version, notification_id,
           row_number() OVER stream AS due, lag(notification_id) OVER stream AS before
    FROM ledger.stored_events
    WINDOW stream AS (PARTITION BY originator_id ORDER BY originator_version)
) s
WHERE s.originator_version <> s.due OR s.before > s.notification_id
ORDER BY s.notification_id;

-- name: streams --
SELECT count(DISTINCT originator_id) FROM ledger.stored_events;

-- name: wrong_numbers --
SELECT coalesce(o.originator_id, n.originator_id)::text, o.number, n.number, o.notification_id
FROM (
    SELECT originator_id, notification_id,
           convert_from(state, 'UTF8')::json ->> CASE topic WHEN 'message.queued' THEN 'message_id' ELSE 'number' END
    FROM ledger.stored_events
    WHERE originator_version = 1 AND topic IN ('case.logged', 'problem.opened', 'message.queued')
) o (originator_id, notification_id, number)
FULL JOIN ledger.numbers n ON n.originator_id = o.originator_id
WHERE o.number IS DISTINCT FROM n.number;

-- name: numbers_of --
SELECT originator_id::text, number FROM ledger.numbers WHERE originator_id = ANY(%s::uuid[]);

-- name: erasures --
SELECT notification_id, state FROM ledger.stored_events
WHERE topic LIKE '%%.personal\_data\_erased' ORDER BY notification_id;

-- name: disclosing --
SELECT e.notification_id, e.originator_id::text, e.state, d.digest, d.salt, d.kind, d.subject, d.value,
       b.digest IS NOT NULL
FROM ledger.stored_events e
LEFT JOIN vault.disclosures d USING (originator_id, originator_version)
LEFT JOIN vault.blobs b USING (originator_id, originator_version, digest)
WHERE position('"digest"'::bytea IN e.state) > 0
ORDER BY e.notification_id;

-- name: contents --
SELECT e.notification_id, b.originator_id::text, d.value, b.content
FROM vault.blobs b
LEFT JOIN vault.disclosures d USING (originator_id, originator_version, digest)
LEFT JOIN ledger.stored_events e USING (originator_id, originator_version)
ORDER BY e.notification_id;

-- name: unpointed --
-- Disclosures without an event, or of an event that points to none.
SELECT d.originator_id::text, d.originator_version, e.notification_id
FROM vault.disclosures d
LEFT JOIN ledger.stored_events e USING (originator_id, originator_version)
WHERE e.originator_id IS NULL OR position('"digest"'::bytea IN e.state) = 0
ORDER BY 1, 2;

-- name: expected --
SELECT coalesce(sum(width), 0) FROM tlog.entries;

-- name: folded --
SELECT events FROM views.tracking;
