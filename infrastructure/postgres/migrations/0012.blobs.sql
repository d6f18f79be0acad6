-- Files that came with what was said: attachments. Each lies beside its disclosure, which has its size and sha256.
SET ROLE desk_owner;

-- Whatever deletes the disclosure deletes the file with it: an erasure cannot forget one. That there is a disclosure is looked
-- at when all is committed, since a file is written before the lock of all appends is taken, and its disclosure after.
CREATE TABLE vault.blobs (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (originator_id, originator_version, digest),
    FOREIGN KEY (originator_id, originator_version, digest) REFERENCES vault.disclosures
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE vault.blobs
    ALTER COLUMN content SET STORAGE EXTERNAL, -- it is packed already, mostly; and parts of it can be read
    ALTER COLUMN content SET STATISTICS 0; -- no copies in samples
CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.blobs
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE vault.blobs ENABLE ALWAYS TRIGGER no_alteration;

GRANT SELECT, INSERT (originator_id, originator_version, digest, content) ON vault.blobs
    TO desk_api, desk_processes, desk_mail;
GRANT SELECT ON vault.blobs TO desk_auditor;

RESET ROLE;
