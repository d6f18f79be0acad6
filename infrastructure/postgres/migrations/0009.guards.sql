-- Guards of the record's own definition: DDL on the ledger, the vault and the transparency log is for migration runs only
-- (audit.md, The event row). The event triggers that call this are made after the migrations, where the server lets us
-- (sql/bootstrap.sql). What no event trigger sees is left to the catalogue check (infrastructure/transparency/verification/database_catalogue.py):
--   GRANT and REVOKE, ALTER DEFAULT PRIVILEGES: the event names no object;
--   REASSIGN OWNED, everything about roles, databases and event triggers themselves: no event at all;
--   CREATE OR REPLACE of this very function: it is the new one that is asked; nor its DROP ... CASCADE;
--   CREATE and DROP INDEX CONCURRENTLY: the refusal comes after their own commits;
--   a superuser who sets event_triggers = off, claims to be a migration run, or edits the catalogue's tables.

-- Not in the ledger's schema: DROP SCHEMA ledger CASCADE would take the guards first, and be seen by nobody.
CREATE SCHEMA guards;

-- Runs as whoever runs the DDL, so it may name nothing that only some roles see.
CREATE FUNCTION guards.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    guarded CONSTANT name[] := ARRAY['ledger', 'vault', 'tlog', 'guards'];
    touched text;
    itself oid;
BEGIN
    IF current_setting('caseledger.migration', true) = 'on' THEN
        IF pg_has_role(session_user, 'desk_migrator', 'MEMBER') THEN -- as superusers have every role
            RETURN;
        END IF;
    END IF;
    IF TG_EVENT = 'sql_drop' THEN
        SELECT format('%s %s', d.object_type, d.object_identity) INTO touched
        FROM pg_event_trigger_dropped_objects() AS d
        WHERE d.schema_name = ANY (guarded) OR d.address_names[1] = ANY (guarded)
        ORDER BY d.original DESC
        LIMIT 1;
    ELSE
        GET DIAGNOSTICS itself = PG_ROUTINE_OID;
        SELECT format('%s %s', c.object_type, c.object_identity) INTO touched
        FROM pg_event_trigger_ddl_commands() AS c
        CROSS JOIN pg_identify_object_as_address(c.classid, c.objid, c.objsubid) AS a
        WHERE c.command_tag <> 'REINDEX' -- upkeep, as VACUUM is
          AND (c.schema_name = ANY (guarded)
               OR a.object_names[1] = ANY (guarded) -- a trigger, a rule, a policy, the schema itself
               -- What has just left these schemas, or is one of them under another name, still has its owner.
               OR EXISTS (SELECT FROM pg_shdepend o
                          WHERE o.classid = c.classid AND o.objid = c.objid AND o.deptype = 'o'
                            AND o.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                            AND o.refclassid = 'pg_authid'::regclass AND o.refobjid = to_regrole('desk_owner'))
               OR c.classid = 'pg_proc'::regclass AND c.objid = itself
               OR c.classid = 'pg_namespace'::regclass
                  AND c.objid = (SELECT pronamespace FROM pg_proc WHERE pg_proc.oid = itself)
               -- A table elsewhere whose rows would be read with the record's.
               OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                          JOIN pg_namespace n ON n.oid = p.relnamespace
                          WHERE c.classid = 'pg_class'::regclass AND i.inhrelid = c.objid
                            AND n.nspname = ANY (guarded)))
        LIMIT 1;
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% is refused on %: only a migration run changes how the record is kept', TG_TAG, touched
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION guards.refuse_ddl() FROM PUBLIC;

SET ROLE desk_owner;
-- PUBLIC may execute every function unless told otherwise; nobody but the owner needs these, nor those to come.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger, vault, tlog FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Numbers are drawn by the API alone, whose sequences they are; the projector finds them in the events.
REVOKE INSERT ON ledger.numbers FROM desk_processes, desk_mail;
REVOKE SELECT ON ledger.numbers FROM desk_projector;
-- He has the owner's rights, and needs none of his own.
REVOKE USAGE ON SCHEMA ledger FROM desk_migrator;

RESET ROLE;
