-- Making the views anew in a schema beside the live one.

-- name: tables --
SELECT table_name::text FROM information_schema.tables
WHERE table_schema = 'views' AND table_type = 'BASE TABLE' ORDER BY table_name;

-- name: drop_shadow --
DROP SCHEMA IF EXISTS views_shadow CASCADE;

-- name: create_shadow --
CREATE SCHEMA views_shadow;

-- name: start --
INSERT INTO views_shadow.tracking (position, events) VALUES (0, 0);
-- An erasure reaches the copies made here, and those that take the live ones' place.
GRANT USAGE ON SCHEMA views_shadow TO desk_eraser;
GRANT SELECT, DELETE ON views_shadow.case_texts, views_shadow.known_errors TO desk_eraser;
GRANT UPDATE (one) ON views_shadow.tracking TO desk_eraser;

-- name: reporting --
SELECT c.relname::text, pg_get_viewdef(c.oid) FROM pg_class c
WHERE c.relnamespace = 'reporting'::regnamespace AND c.relkind = 'v';

-- name: wait_for_comparisons --
SELECT pg_advisory_xact_lock(4850712380);

-- name: halt_writers --
LOCK TABLE views.tracking IN ACCESS EXCLUSIVE MODE;

-- name: swap --
ALTER SCHEMA views RENAME TO views_old;
ALTER SCHEMA views_shadow RENAME TO views;
GRANT USAGE ON SCHEMA views TO desk_api, desk_processes, desk_mail, desk_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA views TO desk_api, desk_processes, desk_mail, desk_auditor;

-- name: drop_old --
DROP SCHEMA views_old CASCADE;
