-- Cluster-wide roles, once per server; run by whoever may create roles. One role a component, none of them able
-- to do more than its component must (audit.md, The event row). Passwords are the operator's to set.

-- name: roles --
DO $$
DECLARE
    role_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'desk_owner') THEN
        CREATE ROLE desk_owner NOLOGIN;
    END IF;
    FOREACH role_name IN ARRAY ARRAY['desk_migrator', 'desk_api', 'desk_projector', 'desk_processes', 'desk_mail',
                                     'desk_auditor', 'desk_reporter', 'desk_eraser']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
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
        'GRANT CONNECT ON DATABASE %I TO desk_api, desk_projector, desk_processes, desk_mail, desk_auditor, desk_reporter,'
        ' desk_eraser, desk_migrator',
        current_database());
    -- yoyo's own tables live in public; a rebuild makes its views in a schema beside the live one.
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO desk_migrator, desk_projector', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CREATE, USAGE ON SCHEMA public TO desk_migrator;
END
$$;

-- name: extensions --
-- Trigrams find what is misspelt. The extension is trusted: whoever may create things in the database may create it.
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;
