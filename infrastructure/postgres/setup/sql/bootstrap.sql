-- Roles of the whole server, one for each component, with no more rights than it needs (audit.md, The event row).
-- Whoever runs this may create roles. The operator sets passwords.

-- name: wait_for_turn --
SET lock_timeout = '{patience}';

-- name: take_turn --
SELECT pg_advisory_lock(%s);

-- name: roles --
DO $$
DECLARE
    role_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'desk_owner') THEN
        CREATE ROLE desk_owner NOLOGIN;
    END IF;
    FOREACH role_name IN ARRAY ARRAY['desk_migrator', 'desk_api', 'desk_projector', 'desk_processes', 'desk_mail',
                                     'desk_sealer', 'desk_auditor', 'desk_reporter', 'desk_eraser']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
        END IF;
        -- A user who is no superuser must be granted the roles they create, for SET ROLE only.
        IF NOT pg_has_role(role_name, 'SET') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE, INHERIT FALSE', role_name);
        END IF;
    END LOOP;
    GRANT desk_owner TO desk_migrator;
    GRANT desk_projector TO desk_migrator;
    GRANT desk_api TO desk_eraser; -- an erasure is a command that may do more than others
    -- A reporting job that runs away ends by itself. What the operator has set for the role stays.
    IF NOT EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = 'desk_reporter'::regrole) THEN
        BEGIN
            ALTER ROLE desk_reporter SET statement_timeout = '15min';
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'set a statement_timeout for desk_reporter: this database user may not';
        END;
    END IF;
END
$$;

-- name: is_migrated --
SELECT 1 FROM pg_namespace WHERE nspname = 'reporting';

-- name: may_read_levels --
-- No row in a database of an older release.
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'operations' AND c.relname = 'schema';

-- name: levels --
SELECT level, needs FROM operations.schema;

-- name: say_level --
INSERT INTO operations.schema AS s (level, needs) VALUES (%s, %s)
ON CONFLICT (one) DO UPDATE SET level = greatest(s.level, excluded.level), needs = greatest(s.needs, excluded.needs);

-- name: database_exists --
SELECT 1 FROM pg_database WHERE datname = 'caseledger';

-- name: create_database --
CREATE DATABASE caseledger OWNER desk_owner;

-- name: database_grants --
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO desk_api, desk_projector, desk_processes, desk_mail, desk_sealer, desk_auditor,'
        ' desk_reporter, desk_eraser, desk_migrator',
        current_database());
    -- Migrations create the owner's schemas, and yoyo's tables in public. A rebuild creates a schema beside the live views.
    -- A comparison of the views folds into temporary tables.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO desk_owner, desk_migrator, desk_projector', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM desk_migrator, desk_projector', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO desk_auditor', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CREATE, USAGE ON SCHEMA public TO desk_migrator;
END
$$;

-- name: extensions --
-- Trigrams find misspelt words, arrays of integers compare reports, and an index of queues finds who stood in one at a past
-- moment. All are trusted, so that no superuser is needed.
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS intarray SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;

-- name: guards --
-- The event triggers against DDL (migrations/0009), made again unless they exist and are ALWAYS enabled.
-- Only a superuser can create them; without one the catalogue check reports that they are missing. Function and schema
-- become the superuser's: the function runs in the role of whoever runs DDL, so the record's owner must not change it.
DO $$
DECLARE
    guard record;
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR to_regproc('guards.refuse_ddl') IS NULL THEN
        RETURN;
    END IF;
    IF NOT (SELECT r.rolsuper FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
            WHERE p.oid = to_regproc('guards.refuse_ddl')) THEN
        ALTER SCHEMA guards OWNER TO CURRENT_USER;
        ALTER FUNCTION guards.refuse_ddl OWNER TO CURRENT_USER;
    END IF;
    FOR guard IN
        SELECT * FROM (VALUES ('caseledger_refuse_ddl', 'ddl_command_end'), ('caseledger_refuse_drop', 'sql_drop'))
            AS wanted (name, event)
        WHERE NOT EXISTS (SELECT FROM pg_event_trigger t
                          WHERE t.evtname = wanted.name AND t.evtevent = wanted.event AND t.evtenabled = 'A'
                            AND t.evttags IS NULL AND t.evtfoid = to_regproc('guards.refuse_ddl'))
    LOOP
        IF EXISTS (SELECT FROM pg_event_trigger WHERE evtname = guard.name) THEN
            EXECUTE format('DROP EVENT TRIGGER %I', guard.name);
        END IF;
        EXECUTE format('CREATE EVENT TRIGGER %I ON %s EXECUTE FUNCTION guards.refuse_ddl()', guard.name, guard.event);
        EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', guard.name);
        RAISE NOTICE 'event trigger % was made anew', guard.name;
    END LOOP;
END
$$;
