-- Tables rewritten as copies (table_rewrite.py).

-- name: clear --
-- Also removes the remains of a run that was broken off.
DROP SCHEMA IF EXISTS scrubbed CASCADE;

-- name: begin --
CREATE SCHEMA scrubbed;
-- PostgreSQL checks references in the role of the tables' owner.
GRANT USAGE ON SCHEMA scrubbed TO desk_owner, desk_projector;

-- name: columns --
SELECT attname::text FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum;

-- name: now --
-- Positions are given in the order of commits: every event up to this one is committed and visible to later reads.
SELECT coalesce((SELECT max(notification_id) FROM ledger.stored_events), 0), (SELECT position FROM views.tracking);

-- name: one_snapshot --
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;

-- name: changed --
-- Streams that were appended to or erased from since, and those whose events were folded since.
SELECT DISTINCT originator_id FROM ledger.stored_events
WHERE notification_id > %(ledger)s
   OR notification_id > %(views)s AND notification_id <= (SELECT position FROM views.tracking);

-- name: streams --
SELECT unnest(%(streams)s::uuid[]);

-- name: words --
SELECT DISTINCT word FROM (
    SELECT lexemes FROM scrubbed.case_texts WHERE case_id = ANY (%(streams)s)
    UNION ALL
    SELECT lexemes FROM views.case_texts WHERE case_id = ANY (%(streams)s)
) AS texts, search.words(lexemes) AS word;

-- name: be_brief --
SET LOCAL lock_timeout = '100ms';

-- name: hold --
-- The locks of comparisons, and of the projector and erasures.
SELECT pg_advisory_xact_lock(4850712380), pg_advisory_xact_lock(4850712381);

-- name: is_read_at_old_snapshot --
-- Readers at an old snapshot: an auditor, a transaction between two statements, or one older than a second.
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND backend_xmin IS NOT NULL
      AND (xact_start < clock_timestamp() - interval '1 second' OR state = 'idle in transaction'
           OR application_name = 'caseledger auditor' OR usename = 'desk_auditor'));
