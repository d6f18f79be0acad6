-- The rebuild of the views in a schema beside the live one.

-- name: tables --
SELECT table_name::text FROM information_schema.tables
WHERE table_schema = 'views' AND table_type = 'BASE TABLE' ORDER BY table_name;

-- name: take_turn --
SELECT pg_advisory_lock(4850712383);

-- name: leave_turn --
SELECT pg_advisory_unlock(4850712383);

-- name: drop_shadow --
DROP SCHEMA IF EXISTS views_shadow CASCADE;
-- The remains of a rebuild that was broken off after its swap.
DROP SCHEMA IF EXISTS views_old CASCADE;

-- name: create_shadow --
CREATE SCHEMA views_shadow;
-- The grants of the live schema. An erasure also deletes from the tables here.
GRANT USAGE ON SCHEMA views_shadow TO desk_api, desk_auditor, desk_processes, desk_mail, desk_eraser;

-- name: start --
INSERT INTO views_shadow.tracking (position, events) VALUES (0, 0);

-- name: settings --
-- A rebuild lost in a crash is begun anew.
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

-- name: advance --
UPDATE views_shadow.tracking SET position = %s, events = %s;

-- name: ordered --
-- The tables whose definition wants them in the order of a key.
SELECT c.relname::text FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisclustered
WHERE c.relnamespace = 'views_shadow'::regnamespace ORDER BY 1;

-- name: reporting --
SELECT c.relname::text, pg_get_viewdef(c.oid) FROM pg_class c
WHERE c.relnamespace = 'reporting'::regnamespace AND c.relkind = 'v';

-- name: wait_for_comparisons --
SELECT pg_advisory_xact_lock(4850712380);

-- name: halt_writers --
-- The projector and erasures take this lock before they touch a view (projector.sql, hold). Readers go on.
SELECT pg_advisory_xact_lock(4850712381);

-- name: be_brief --
-- While a reader holds a table, nobody waits behind us for longer than this.
SET LOCAL lock_timeout = '100ms';

-- name: swap --
ALTER SCHEMA views RENAME TO views_old;
ALTER SCHEMA views_shadow RENAME TO views;

-- name: drop_old --
DROP SCHEMA views_old CASCADE;
