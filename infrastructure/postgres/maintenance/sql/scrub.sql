-- Removes from the disk what no row holds any more: dead rows, samples of columns, old write-ahead log segments.

-- name: may --
SELECT rolsuper, current_setting('wal_recycle')::boolean FROM pg_roles WHERE rolname = current_user;

-- name: be_brief --
-- No lock is waited for longer, and nobody waits longer behind this session.
SET lock_timeout = '3s';

-- name: take_turn --
SELECT pg_try_advisory_lock(4850712382);

-- name: take_rebuilds_turn --
SELECT pg_try_advisory_lock(4850712383);

-- name: drop_old_views --
-- The remains of a rebuild that was broken off.
DROP SCHEMA IF EXISTS views_old, views_shadow CASCADE;

-- name: rewrite_samples --
VACUUM (FULL) pg_statistic;

-- name: end_segment --
SELECT pg_switch_wal();

-- name: is_ahead --
-- Segments prepared by a server that reuses old ones: they keep their old content until they are written.
SELECT EXISTS (SELECT FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn()));

-- name: write_something --
SELECT pg_logical_emit_message(true, 'caseledger', '');

-- name: present_segment --
-- Without its timeline: those of an earlier one are older.
SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 9);

-- name: older_segments --
SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}(\.partial)?$' AND substr(name, 9, 16) < %s;

-- name: checkpoint --
CHECKPOINT;
