-- Takes from the disk what is no longer in any row: dead rows, samples of columns, old segments of the write-ahead log.

-- name: may --
SELECT rolsuper, current_setting('wal_recycle')::boolean FROM pg_roles WHERE rolname = current_user;

-- name: be_brief --
-- Whoever waits for a table in vain waits no longer than this, and so do those behind him.
SET lock_timeout = '3s';

-- name: take_turn --
SELECT pg_try_advisory_lock(4850712382);

-- name: take_rebuilds_turn --
SELECT pg_try_advisory_lock(4850712383);

-- name: drop_old_views --
-- What a rebuild that was broken off has left.
DROP SCHEMA IF EXISTS views_old, views_shadow CASCADE;

-- name: now --
SELECT pg_current_xact_id()::xid;

-- name: sees_the_past --
-- A transaction that began before still sees what was deleted since: its rows would be kept for it.
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND (age(backend_xmin) > age(%s::xid) OR age(backend_xid) > age(%s::xid)));

-- name: rewrite_samples --
VACUUM (FULL) pg_statistic;

-- name: end_segment --
SELECT pg_switch_wal();

-- name: is_ahead --
-- Segments made ready by a server that used old ones again: what they held is there until they are written.
SELECT EXISTS (SELECT FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn()));

-- name: write_something --
SELECT pg_logical_emit_message(true, 'caseledger', '');

-- name: checkpoint --
CHECKPOINT;
