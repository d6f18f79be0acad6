-- The keys of disclosures and files hold the beginning of the digest in the place of all of it: half the bytes. Two disclosures of
-- one event with the same beginning are refused, once in four billion, as two with the same digest are; another salt helps.
SET ROLE desk_owner;

ALTER TABLE vault.blobs
    DROP CONSTRAINT blobs_originator_id_originator_version_digest_fkey,
    DROP CONSTRAINT blobs_pkey;
ALTER TABLE vault.disclosures
    DROP CONSTRAINT disclosures_pkey,
    ALTER COLUMN originator_version TYPE integer,
    ADD COLUMN beginning integer NOT NULL GENERATED ALWAYS AS (
        (get_byte(digest, 0) << 24) | (get_byte(digest, 1) << 16) | (get_byte(digest, 2) << 8) | get_byte(digest, 3)) STORED,
    ADD PRIMARY KEY (originator_id, originator_version, beginning);
ALTER TABLE vault.blobs
    ALTER COLUMN originator_version TYPE integer,
    ADD COLUMN beginning integer NOT NULL GENERATED ALWAYS AS (
        (get_byte(digest, 0) << 24) | (get_byte(digest, 1) << 16) | (get_byte(digest, 2) << 8) | get_byte(digest, 3)) STORED,
    ADD PRIMARY KEY (originator_id, originator_version, beginning),
    ADD FOREIGN KEY (originator_id, originator_version, beginning) REFERENCES vault.disclosures
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

RESET ROLE;
