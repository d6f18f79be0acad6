-- Takes from the disk what is no longer in any row: dead rows, samples of columns, old segments of the write-ahead log.

-- name: may --
SELECT rolsuper, current_setting('wal_recycle')::boolean FROM pg_roles WHERE rolname = current_user;

-- name: be_brief --
-- Whoever waits for a lock in vain waits no longer than this, and so do those behind them.
SET lock_timeout = '3s';

-- name: take_turn --
SELECT pg_try_advisory_lock(4850712382);

-- name: take_rebuilds_turn --
SELECT pg_try_advisory_lock(4850712383);

-- name: drop_old_views --
-- What a rebuild that was broken off has left.
DROP SCHEMA IF EXISTS views_old, views_shadow CASCADE;

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
