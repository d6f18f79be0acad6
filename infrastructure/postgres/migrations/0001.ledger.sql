-- The record: append-only, and free of personal data (audit.md).
SET ROLE desk_owner;

CREATE SCHEMA ledger;
CREATE SCHEMA vault;

-- The library's columns, and two that only the database fills.
CREATE TABLE ledger.stored_events (
    notification_id bigint GENERATED ALWAYS AS IDENTITY,
    originator_version bigint NOT NULL,
    originator_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    db_role name NOT NULL DEFAULT session_user,
    topic text NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05);
CREATE UNIQUE INDEX stored_events_notification_id_idx ON ledger.stored_events (notification_id);
-- "As the ledger knew it at that moment": a moment is turned into a position by this index.
CREATE INDEX stored_events_recorded_at_idx ON ledger.stored_events (recorded_at, notification_id);

-- The numbers people say on the phone. A number is given once, in the transaction of its first event.
CREATE TABLE ledger.numbers (
    number text PRIMARY KEY,
    originator_id uuid NOT NULL UNIQUE
);
CREATE SEQUENCE ledger.case_number;
CREATE SEQUENCE ledger.problem_number;

-- Answers already given (http.md, Idempotency): no body, so no personal data; the body is rebuilt from the events.
CREATE TABLE ledger.idempotency (
    key bytea PRIMARY KEY,
    request bytea NOT NULL,
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    position bigint NOT NULL,
    status smallint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idempotency_recorded_at_idx ON ledger.idempotency (recorded_at);

-- What events only point to: salt and value of each digest, erasable.
CREATE TABLE vault.disclosures (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    digest bytea NOT NULL,
    salt bytea NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (originator_id, originator_version, digest)
);
CREATE INDEX disclosures_subject_idx ON vault.disclosures (subject);

-- The key under which a customer without a directory entry gets a stable, unguessable id (two version 4 UUIDs,
-- 244 random bits).
CREATE TABLE vault.pseudonym_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
INSERT INTO vault.pseudonym_key DEFAULT VALUES;

-- Nobody changes the record: not the owner, not a superuser who forgets himself. ALWAYS fires under
-- session_replication_role = replica as well.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.stored_events ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.numbers
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.numbers ENABLE ALWAYS TRIGGER append_only;
-- A disclosure may be erased, never altered.
CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.disclosures
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE vault.disclosures ENABLE ALWAYS TRIGGER no_alteration;

-- One transaction for the commands of many: lock, check each, append all that pass, say what became of each.
-- A function, because it makes a group commit one round trip: the writer's thread meets its interpreter's lock once.
-- The lock makes the order of positions the order of commits, so that a reader who tails by position never passes
-- over an event that commits later; each statement here sees what was committed before the lock was granted.
CREATE FUNCTION ledger.append(
    commands int[], ids uuid[], versions bigint[], topics text[], states bytea[],
    said_commands int[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[],
    subjects text[], said_values text[],
    number_commands int[], given_numbers text[], number_ids uuid[],
    key_commands int[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[]
) RETURNS TABLE (refused_command int, refusal text, notification_id bigint, recorded_at timestamptz)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
-- A plan is made at a session's first call, when the tables may be empty, and kept: it must be the one for large tables.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    taken int[];
    stale int[];
    refused int[];
BEGIN
    PERFORM pg_advisory_xact_lock(4850712369);
    IF cardinality(keys) > 0 THEN
        taken := ARRAY(SELECT k.command FROM unnest(key_commands, keys) AS k (command, key)
                       WHERE EXISTS (SELECT FROM ledger.idempotency i WHERE i.key = k.key));
    END IF;
    stale := ARRAY(SELECT DISTINCT w.command FROM unnest(commands, ids, versions) AS w (command, id, version)
                   WHERE EXISTS (SELECT FROM ledger.stored_events e
                                 WHERE e.originator_id = w.id AND e.originator_version = w.version));
    refused := coalesce(taken, '{}') || stale;
    RETURN QUERY SELECT t, 'key', NULL::bigint, NULL::timestamptz FROM unnest(taken) AS t;
    RETURN QUERY SELECT t, 'version', NULL::bigint, NULL::timestamptz FROM unnest(stale) AS t WHERE t <> ALL (coalesce(taken, '{}'));
    RETURN QUERY
        INSERT INTO ledger.stored_events AS e (originator_id, originator_version, topic, state)
        SELECT w.id, w.version, w.topic, w.state
        FROM unnest(commands, ids, versions, topics, states) AS w (command, id, version, topic, state)
        WHERE w.command <> ALL (refused)
        RETURNING NULL::int, NULL::text, e.notification_id, e.recorded_at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    NOTIFY stored_events;
    IF cardinality(digests) > 0 THEN
        INSERT INTO vault.disclosures (originator_id, originator_version, digest, salt, kind, subject, value)
        SELECT w.id, w.version, w.digest, w.salt, w.kind, w.subject, w.value
        FROM unnest(said_commands, said_ids, said_versions, digests, salts, kinds, subjects, said_values)
             AS w (command, id, version, digest, salt, kind, subject, value)
        WHERE w.command <> ALL (refused);
    END IF;
    IF cardinality(given_numbers) > 0 THEN
        INSERT INTO ledger.numbers (number, originator_id)
        SELECT w.number, w.id FROM unnest(number_commands, given_numbers, number_ids) AS w (command, number, id)
        WHERE w.command <> ALL (refused);
    END IF;
    IF cardinality(keys) > 0 THEN
        INSERT INTO ledger.idempotency (key, request, originator_id, originator_version, status, position)
        SELECT w.key, w.request, w.id, w.version, w.status, e.notification_id
        FROM unnest(key_commands, keys, requests, key_ids, key_versions, statuses)
             AS w (command, key, request, id, version, status)
        JOIN ledger.stored_events e ON e.originator_id = w.id AND e.originator_version = w.version
        WHERE w.command <> ALL (refused);
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION ledger.append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append TO desk_api;

GRANT USAGE ON SCHEMA ledger TO desk_api, desk_projector, desk_auditor, desk_migrator;
GRANT USAGE ON SCHEMA vault TO desk_api, desk_auditor;

GRANT SELECT ON ledger.stored_events, ledger.numbers TO desk_api, desk_projector, desk_auditor;
GRANT INSERT (originator_id, originator_version, topic, state) ON ledger.stored_events TO desk_api;
GRANT INSERT ON ledger.numbers TO desk_api;
GRANT USAGE ON SEQUENCE ledger.case_number, ledger.problem_number TO desk_api;
GRANT SELECT ON ledger.idempotency TO desk_api, desk_auditor;
GRANT INSERT (key, request, originator_id, originator_version, position, status) ON ledger.idempotency TO desk_api;
-- Kept 7 days: the projector's process also keeps house.
GRANT SELECT (recorded_at), DELETE ON ledger.idempotency TO desk_projector;
GRANT SELECT, INSERT ON vault.disclosures TO desk_api;
GRANT SELECT ON vault.disclosures TO desk_auditor;
GRANT SELECT ON vault.pseudonym_key TO desk_api;

RESET ROLE;
