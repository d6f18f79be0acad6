-- Cases are searched by all that was said in them: replies, notes, solutions, disputes and the names of files. What is
-- compared (R-5.6a) stays what they were reported by.
SET ROLE desk_projector;

-- Events of before say such words as well: every view is emptied, and the projector folds all events anew.
DO $$
DECLARE
    emptied text;
BEGIN
    SELECT string_agg(format('views.%I', table_name), ', ') INTO emptied FROM information_schema.tables
    WHERE table_schema = 'views' AND table_type = 'BASE TABLE' AND table_name <> 'tracking';
    EXECUTE 'TRUNCATE ' || emptied;
END
$$;
UPDATE views.tracking SET position = 0, events = 0;

ALTER TABLE views.case_texts ADD COLUMN more text NOT NULL DEFAULT '';

RESET ROLE;
SET ROLE desk_owner;

-- As in 0007, but a case's row goes with whatever words were in it: staff's and the names of files as well.
CREATE OR REPLACE FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    disclosures bigint;
BEGIN
    PERFORM FROM views.tracking FOR UPDATE;
    -- A rebuild that is going on, or was broken off, has copies of its own.
    IF to_regclass('views_shadow.known_errors') IS NOT NULL THEN
        BEGIN
            DELETE FROM views_shadow.case_texts t USING vault.disclosures d
            WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
              AND d.kind <> 'contact' AND t.case_id = d.originator_id;
            DELETE FROM views_shadow.known_errors k USING vault.disclosures d
            WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
              AND k.problem_id = d.originator_id AND k.version = d.originator_version;
        EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
            NULL; -- it was dropped just now
        END;
    END IF;
    WITH gone AS (
        DELETE FROM vault.disclosures d
        WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
        RETURNING d.originator_id AS id, d.originator_version AS version, d.kind
    ), words AS ( -- what is left of a case's words is put back by the fold of its event
        DELETE FROM views.case_texts t USING gone g WHERE g.kind <> 'contact' AND t.case_id = g.id
    ), articles AS (
        DELETE FROM views.known_errors k USING gone g WHERE k.problem_id = g.id AND k.version = g.version
    )
    SELECT count(*) INTO disclosures FROM gone;
    RETURN disclosures;
END
$$;

RESET ROLE;
