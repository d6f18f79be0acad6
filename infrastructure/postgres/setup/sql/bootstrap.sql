-- Cluster-wide roles, once per server; run by whoever may create roles. One role a component, none of them able
-- to do more than its component must (audit.md, The event row). Passwords are the operator's to set.

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
        -- Whoever is no superuser must be let become what he made; he acts as it by SET ROLE only.
        IF NOT pg_has_role(role_name, 'SET') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE, INHERIT FALSE', role_name);
        END IF;
    END LOOP;
    GRANT desk_owner TO desk_migrator;
    GRANT desk_projector TO desk_migrator;
    GRANT desk_api TO desk_eraser; -- erasing is a command like others, and beyond them
END
$$;

-- name: is_migrated --
SELECT 1 FROM pg_namespace WHERE nspname = 'reporting';

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
    -- Migrations make the owner's schemas; yoyo's own tables live in public; a rebuild makes its views in a schema beside
    -- the live one. A comparison of the views folds into temporary tables and changes nothing.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO desk_owner, desk_migrator, desk_projector', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM desk_migrator, desk_projector', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO desk_auditor', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CREATE, USAGE ON SCHEMA public TO desk_migrator;
END
$$;

-- name: extensions --
-- Trigrams find what is misspelt. The extension is trusted: whoever may create things in the database may create it.
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;

-- name: guards --
-- The event triggers against DDL (migrations/0009): made anew unless they are there and ALWAYS on.
-- Only a superuser can; elsewhere they are left out, which the catalogue check reports. Their function becomes the
-- superuser's, as its schema, since it runs as whoever runs DDL: the owner of the record must not be able to put words in his mouth.
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
