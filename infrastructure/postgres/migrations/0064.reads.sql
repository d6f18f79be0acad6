-- Who read whose words, where the policy says that it is recorded. It is beside the record: it decides nothing, holds no
-- words, and goes when the policy's `reads_kept` is over.
SET ROLE desk_owner;

CREATE TABLE vault.reads (
    read_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_at timestamptz NOT NULL,
    reader text NOT NULL,
    role text NOT NULL,
    team text,
    through text NOT NULL,
    what text NOT NULL,
    about text NOT NULL,
    customer text,
    version bigint,
    position bigint
);
CREATE INDEX reads_about_idx ON vault.reads (about, read_id);
CREATE INDEX reads_reader_idx ON vault.reads (reader, read_id);
CREATE INDEX reads_customer_idx ON vault.reads (customer, read_id) WHERE customer IS NOT NULL;
CREATE INDEX reads_at_idx ON vault.reads USING brin (read_at);

CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.reads
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE vault.reads ENABLE ALWAYS TRIGGER no_alteration;

-- No policy forgets a read before 30 days are over, and nobody else does.
CREATE FUNCTION vault.refuse_forgetting() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.read_at > clock_timestamp() - interval '30 days' THEN
        RAISE EXCEPTION 'a read is kept for 30 days at least' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
REVOKE EXECUTE ON FUNCTION vault.refuse_forgetting() FROM PUBLIC;
CREATE TRIGGER kept BEFORE DELETE ON vault.reads FOR EACH ROW EXECUTE FUNCTION vault.refuse_forgetting();
ALTER TABLE vault.reads ENABLE ALWAYS TRIGGER kept;

GRANT SELECT ON vault.reads TO desk_api, desk_auditor;
GRANT INSERT (read_at, reader, role, team, through, what, about, customer, version, position) ON vault.reads TO desk_api;
GRANT USAGE ON SCHEMA vault TO desk_processes;
GRANT SELECT (read_id, read_at), DELETE ON vault.reads TO desk_processes;

RESET ROLE;
