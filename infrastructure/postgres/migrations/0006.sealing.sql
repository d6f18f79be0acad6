-- The transparency log (audit.md, Sealer): what the sealer writes and everybody may read. Only ever appended to, as the
-- record it seals; tiles are put together from these runs when they are asked for.
SET ROLE desk_owner;

-- A leaf is made of lines, and has at most 65,535 bytes: a topic must fit, or whoever may append could stop the sealer.
ALTER TABLE ledger.stored_events ADD CONSTRAINT topic_is_a_name CHECK (topic ~ '^[a-z][a-z0-9_.-]{0,99}$');

CREATE SCHEMA tlog;

-- One log, and another for each restore of an older backup (`caseledger tlog restart`): the last one is the current.
CREATE TABLE tlog.logs (
    log integer PRIMARY KEY,
    origin text NOT NULL UNIQUE,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Leaf records as they were sealed, each after its length (C2SP tlog-tiles, entry bundles); a run never crosses a
-- multiple of 256. `first_position` finds the leaf of an event: leaves are in ascending order of positions.
CREATE TABLE tlog.entries (
    log integer NOT NULL REFERENCES tlog.logs,
    first bigint NOT NULL,
    first_position bigint NOT NULL,
    width smallint NOT NULL CHECK (width BETWEEN 1 AND 256),
    data bytea NOT NULL,
    PRIMARY KEY (log, first)
);
CREATE UNIQUE INDEX entries_position_idx ON tlog.entries (log, first_position);

-- The tree's hashes at every eighth height, in runs as they were made.
CREATE TABLE tlog.hashes (
    log integer NOT NULL REFERENCES tlog.logs,
    level smallint NOT NULL,
    first bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (log, level, first)
);
ALTER TABLE tlog.hashes ALTER COLUMN data SET STORAGE EXTERNAL; -- hashes cannot be compressed

-- Every checkpoint ever signed: each must be a prefix of all later ones.
CREATE TABLE tlog.checkpoints (
    log integer NOT NULL REFERENCES tlog.logs,
    size bigint NOT NULL,
    position bigint NOT NULL, -- of the last event it seals
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    note text NOT NULL,
    PRIMARY KEY (log, size)
);

-- What witnesses and timestamp authorities said of a checkpoint.
CREATE TABLE tlog.cosignatures (
    log integer NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL, -- the name of its key
    line text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size, witness),
    FOREIGN KEY (log, size) REFERENCES tlog.checkpoints
);
CREATE TABLE tlog.timestamps (
    log integer NOT NULL,
    size bigint NOT NULL,
    authority text NOT NULL, -- its address
    reply bytea NOT NULL, -- RFC 3161, a TimeStampResp about the SHA-256 of the note
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size, authority),
    FOREIGN KEY (log, size) REFERENCES tlog.checkpoints
);

DO $$
DECLARE
    sealed text;
BEGIN
    FOREACH sealed IN ARRAY ARRAY['logs', 'entries', 'hashes', 'checkpoints', 'cosignatures', 'timestamps'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tlog.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', sealed);
        EXECUTE format('ALTER TABLE tlog.%I ENABLE ALWAYS TRIGGER append_only', sealed);
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA ledger TO desk_sealer;
GRANT SELECT ON ledger.stored_events TO desk_sealer;
GRANT USAGE ON SCHEMA tlog TO desk_sealer, desk_api, desk_mail, desk_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA tlog TO desk_sealer, desk_api, desk_mail, desk_auditor;
GRANT INSERT (log, origin) ON tlog.logs TO desk_sealer;
GRANT INSERT ON tlog.entries, tlog.hashes TO desk_sealer;
GRANT INSERT (log, size, position, note) ON tlog.checkpoints TO desk_sealer;
GRANT INSERT (log, size, witness, line) ON tlog.cosignatures TO desk_sealer;
GRANT INSERT (log, size, authority, reply) ON tlog.timestamps TO desk_sealer;

RESET ROLE;
