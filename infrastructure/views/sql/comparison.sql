-- The comparison of the live views with a fold of all events, by a role that may only read, at one snapshot.

-- name: hold_off_rebuild --
SELECT pg_advisory_lock_shared(4850712380);

-- name: make_room --
SET temp_buffers = '64MB';

-- name: tables --
-- Rows are named by their primary key, and by the case that they are about. Kept answers of reports are no view of events: they
-- say which position they were counted at.
SELECT c.relname::text,
       ARRAY(SELECT a.attname::text FROM pg_index i
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND (a.attnum = ANY (i.indkey) OR a.attname = 'case_id')
             WHERE i.indrelid = c.oid AND i.indisprimary AND NOT a.attisdropped
             ORDER BY a.attname <> 'case_id', array_position(i.indkey::int2[], a.attnum)),
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'number' AND NOT a.attisdropped)
FROM pg_class c
WHERE c.relnamespace = 'views'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('report_answers', 'report_windows')
ORDER BY 1;

-- name: drop --
DROP TABLE IF EXISTS {anew};

-- name: make --
CREATE TEMPORARY TABLE {anew} (LIKE {live} INCLUDING ALL) ON COMMIT DELETE ROWS;

-- name: needless --
-- Indexes for readers of the live views. The fold finds rows by their keys.
SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = pg_my_temp_schema() AND NOT i.indisunique;

-- name: drop_index --
DROP INDEX {index};

-- name: one_snapshot --
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- name: position --
SELECT coalesce(max(position), 0) FROM views.tracking;

-- name: track --
-- The halt is copied: it is a state of the live projector and no difference of views.
INSERT INTO pg_temp.tracking (position, events, halted_at, halted_by)
SELECT %s, %s, t.halted_at, t.halted_by FROM (VALUES (true)) AS always LEFT JOIN views.tracking t ON true LIMIT 1;

-- name: differing --
SELECT count(*) OVER (), d.only_in, {number}, {key}
FROM (
    SELECT 'view' AS only_in, v.* FROM (TABLE {live} EXCEPT ALL TABLE {anew}) v
    UNION ALL
    SELECT 'fold', a.* FROM (TABLE {anew} EXCEPT ALL TABLE {live}) a
) d
ORDER BY {key}, d.only_in LIMIT {most};

-- name: numbers --
SELECT originator_id, number FROM ledger.numbers WHERE originator_id = ANY(%s);
