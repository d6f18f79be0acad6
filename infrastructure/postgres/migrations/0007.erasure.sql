-- Erasure of personal data (audit.md): one role may delete disclosures and the views' copies of them, and no other.
-- What it needs to append it has as a member of desk_api (bootstrap.sql).
SET ROLE desk_owner;

GRANT DELETE ON vault.disclosures TO desk_eraser;

-- Deletes what was said of somebody in some streams, and the copies of it in the views; called in the transaction that
-- records it. The projector holds the lock on its position while it folds a batch: it is waited for, so that nothing it has
-- read from the vault before is written back after. What it reads later is what is left.
CREATE FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) RETURNS bigint
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
              AND d.kind = 'customer_words' AND t.case_id = d.originator_id;
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
        DELETE FROM views.case_texts t USING gone g WHERE g.kind = 'customer_words' AND t.case_id = g.id
    ), articles AS (
        DELETE FROM views.known_errors k USING gone g WHERE k.problem_id = g.id AND k.version = g.version
    )
    SELECT count(*) INTO disclosures FROM gone;
    RETURN disclosures;
END
$$;
REVOKE EXECUTE ON FUNCTION vault.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.erase TO desk_eraser;

RESET ROLE;
SET ROLE desk_projector;

-- Since when a legal hold keeps what was said in a case. No event of before says so: nothing is folded anew.
ALTER TABLE views.case_intervals ADD COLUMN held_since timestamptz;

GRANT USAGE ON SCHEMA views TO desk_eraser; -- by itself, as in a rebuild that is going on
GRANT SELECT, DELETE ON views.case_texts, views.known_errors TO desk_eraser;
GRANT UPDATE (one) ON views.tracking TO desk_eraser; -- what locking its row asks for; there is nothing else it could be

RESET ROLE;
