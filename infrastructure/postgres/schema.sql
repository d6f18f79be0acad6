CREATE SCHEMA ledger;

ALTER SCHEMA ledger OWNER TO desk_owner;

CREATE SCHEMA reporting;

ALTER SCHEMA reporting OWNER TO desk_projector;

CREATE SCHEMA vault;

ALTER SCHEMA vault OWNER TO desk_owner;

CREATE SCHEMA views;

ALTER SCHEMA views OWNER TO desk_projector;

CREATE FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[]) RETURNS TABLE(refused_command integer, refusal text, notification_id bigint, recorded_at timestamp with time zone)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
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

ALTER FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[]) OWNER TO desk_owner;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

ALTER FUNCTION ledger.refuse_change() OWNER TO desk_owner;

CREATE SEQUENCE ledger.case_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE ledger.case_number OWNER TO desk_owner;

CREATE TABLE ledger.idempotency (
    key bytea NOT NULL,
    request bytea NOT NULL,
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    "position" bigint NOT NULL,
    status smallint NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ledger.idempotency OWNER TO desk_owner;

CREATE TABLE ledger.numbers (
    number text NOT NULL,
    originator_id uuid NOT NULL
);

ALTER TABLE ledger.numbers OWNER TO desk_owner;

CREATE SEQUENCE ledger.problem_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE ledger.problem_number OWNER TO desk_owner;

CREATE TABLE ledger.stored_events (
    notification_id bigint NOT NULL,
    originator_version bigint NOT NULL,
    originator_id uuid NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    db_role name DEFAULT SESSION_USER NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL
)
WITH (autovacuum_vacuum_insert_scale_factor='0.1', autovacuum_analyze_scale_factor='0.05');

ALTER TABLE ledger.stored_events OWNER TO desk_owner;

ALTER TABLE ledger.stored_events ALTER COLUMN notification_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.stored_events_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE views.case_intervals (
    case_id uuid NOT NULL,
    version bigint NOT NULL,
    positions int8range NOT NULL,
    valid tstzrange NOT NULL,
    received_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    closed_at timestamp with time zone,
    dispute_until timestamp with time zone,
    pending_since timestamp with time zone,
    priority smallint,
    impact smallint,
    severity smallint,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    episodes integer NOT NULL,
    paused_seconds double precision NOT NULL,
    settled_seconds double precision NOT NULL,
    imported boolean NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    queue text,
    service text,
    team text,
    technician text,
    customer text NOT NULL,
    agency text,
    channel text NOT NULL,
    nature text NOT NULL,
    pending_reason text,
    problem text,
    external_ref text
)
WITH (fillfactor='90');

ALTER TABLE views.case_intervals OWNER TO desk_projector;

CREATE VIEW reporting.case_history AS
 SELECT number,
    case_id,
    version,
    positions,
    valid,
    status,
    queue,
    priority,
    impact,
    severity,
    service,
    team,
    technician,
    pending_reason,
    reopenings
   FROM views.case_intervals;

ALTER VIEW reporting.case_history OWNER TO desk_projector;

CREATE VIEW reporting.cases AS
 SELECT number,
    case_id,
    version,
    status,
    queue,
    priority,
    impact,
    severity,
    service,
    team,
    technician,
    agency,
    channel,
    nature,
    received_at,
    resolved_at,
    closed_at,
    dispute_until,
    pending_reason,
    pending_since,
    problem,
    reopenings,
    hand_backs,
    imported
   FROM views.case_intervals
  WHERE upper_inf(positions);

ALTER VIEW reporting.cases OWNER TO desk_projector;

CREATE TABLE views.tracking (
    one boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    events bigint NOT NULL,
    halted_at bigint,
    halted_by text,
    CONSTRAINT tracking_one_check CHECK (one)
);

ALTER TABLE views.tracking OWNER TO desk_projector;

CREATE VIEW reporting."position" AS
 SELECT "position",
    events
   FROM views.tracking;

ALTER VIEW reporting."position" OWNER TO desk_projector;

CREATE TABLE views.resolutions (
    case_id uuid NOT NULL,
    episode integer NOT NULL,
    number text NOT NULL,
    "position" bigint NOT NULL,
    resolved_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    net_seconds double precision NOT NULL,
    code text NOT NULL,
    ended_position bigint,
    ended_at timestamp with time zone,
    reopened boolean,
    reopened_after_closure_position bigint,
    reopened_after_closure_at timestamp with time zone,
    source_position bigint,
    source_seconds double precision
);

ALTER TABLE views.resolutions OWNER TO desk_projector;

CREATE VIEW reporting.resolutions AS
 SELECT number,
    case_id,
    episode,
    received_at,
    resolved_at,
    (net_seconds / (3600)::double precision) AS net_hours,
    code,
    ended_at,
    COALESCE(reopened, false) AS reopened
   FROM views.resolutions;

ALTER VIEW reporting.resolutions OWNER TO desk_projector;

CREATE TABLE vault.disclosures (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    digest bytea NOT NULL,
    salt bytea NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    value text NOT NULL
);

ALTER TABLE vault.disclosures OWNER TO desk_owner;

CREATE TABLE vault.pseudonym_key (
    one boolean DEFAULT true NOT NULL,
    key bytea DEFAULT (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) NOT NULL,
    CONSTRAINT pseudonym_key_one_check CHECK (one)
);

ALTER TABLE vault.pseudonym_key OWNER TO desk_owner;

CREATE TABLE views.case_counts (
    status text NOT NULL,
    priority smallint NOT NULL,
    cases bigint NOT NULL,
    events bigint NOT NULL
);

ALTER TABLE views.case_counts OWNER TO desk_projector;

CREATE TABLE views.queue_counts (
    queue text NOT NULL,
    cases bigint NOT NULL
);

ALTER TABLE views.queue_counts OWNER TO desk_projector;

ALTER TABLE ONLY ledger.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY ledger.numbers
    ADD CONSTRAINT numbers_originator_id_key UNIQUE (originator_id);

ALTER TABLE ONLY ledger.numbers
    ADD CONSTRAINT numbers_pkey PRIMARY KEY (number);

ALTER TABLE ONLY ledger.stored_events
    ADD CONSTRAINT stored_events_pkey PRIMARY KEY (originator_id, originator_version);

ALTER TABLE ONLY vault.disclosures
    ADD CONSTRAINT disclosures_pkey PRIMARY KEY (originator_id, originator_version, digest);

ALTER TABLE ONLY vault.pseudonym_key
    ADD CONSTRAINT pseudonym_key_pkey PRIMARY KEY (one);

ALTER TABLE ONLY views.case_counts
    ADD CONSTRAINT case_counts_pkey PRIMARY KEY (status, priority);

ALTER TABLE ONLY views.case_intervals
    ADD CONSTRAINT case_intervals_pkey PRIMARY KEY (case_id, version);

ALTER TABLE ONLY views.queue_counts
    ADD CONSTRAINT queue_counts_pkey PRIMARY KEY (queue);

ALTER TABLE ONLY views.resolutions
    ADD CONSTRAINT resolutions_pkey PRIMARY KEY (case_id, episode);

ALTER TABLE ONLY views.tracking
    ADD CONSTRAINT tracking_pkey PRIMARY KEY (one);

CREATE INDEX idempotency_recorded_at_idx ON ledger.idempotency USING btree (recorded_at);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON ledger.stored_events USING btree (notification_id);

CREATE INDEX stored_events_recorded_at_idx ON ledger.stored_events USING btree (recorded_at, notification_id);

CREATE INDEX disclosures_subject_idx ON vault.disclosures USING btree (subject);

CREATE UNIQUE INDEX case_now_idx ON views.case_intervals USING btree (case_id) WHERE upper_inf(positions);

CREATE UNIQUE INDEX case_number_now_idx ON views.case_intervals USING btree (number) WHERE upper_inf(positions);

CREATE INDEX queue_now_idx ON views.case_intervals USING btree (queue, COALESCE((priority)::integer, 9), received_at, number) WHERE (upper_inf(positions) AND (queue IS NOT NULL));

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.numbers FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE ledger.numbers ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.stored_events FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE ledger.stored_events ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.disclosures FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE vault.disclosures ENABLE ALWAYS TRIGGER no_alteration;

GRANT USAGE ON SCHEMA ledger TO desk_api;
GRANT USAGE ON SCHEMA ledger TO desk_projector;
GRANT USAGE ON SCHEMA ledger TO desk_auditor;
GRANT USAGE ON SCHEMA ledger TO desk_migrator;

GRANT USAGE ON SCHEMA reporting TO desk_api;
GRANT USAGE ON SCHEMA reporting TO desk_auditor;
GRANT USAGE ON SCHEMA reporting TO desk_reporter;

GRANT USAGE ON SCHEMA vault TO desk_api;
GRANT USAGE ON SCHEMA vault TO desk_auditor;

GRANT USAGE ON SCHEMA views TO desk_api;
GRANT USAGE ON SCHEMA views TO desk_auditor;

REVOKE ALL ON FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[]) TO desk_api;

GRANT USAGE ON SEQUENCE ledger.case_number TO desk_api;

GRANT SELECT ON TABLE ledger.idempotency TO desk_api;
GRANT SELECT ON TABLE ledger.idempotency TO desk_auditor;
GRANT DELETE ON TABLE ledger.idempotency TO desk_projector;

GRANT INSERT(key) ON TABLE ledger.idempotency TO desk_api;

GRANT INSERT(request) ON TABLE ledger.idempotency TO desk_api;

GRANT INSERT(originator_id) ON TABLE ledger.idempotency TO desk_api;

GRANT INSERT(originator_version) ON TABLE ledger.idempotency TO desk_api;

GRANT INSERT("position") ON TABLE ledger.idempotency TO desk_api;

GRANT INSERT(status) ON TABLE ledger.idempotency TO desk_api;

GRANT SELECT(recorded_at) ON TABLE ledger.idempotency TO desk_projector;

GRANT SELECT,INSERT ON TABLE ledger.numbers TO desk_api;
GRANT SELECT ON TABLE ledger.numbers TO desk_projector;
GRANT SELECT ON TABLE ledger.numbers TO desk_auditor;

GRANT USAGE ON SEQUENCE ledger.problem_number TO desk_api;

GRANT SELECT ON TABLE ledger.stored_events TO desk_api;
GRANT SELECT ON TABLE ledger.stored_events TO desk_projector;
GRANT SELECT ON TABLE ledger.stored_events TO desk_auditor;

GRANT INSERT(originator_version) ON TABLE ledger.stored_events TO desk_api;

GRANT INSERT(originator_id) ON TABLE ledger.stored_events TO desk_api;

GRANT INSERT(topic) ON TABLE ledger.stored_events TO desk_api;

GRANT INSERT(state) ON TABLE ledger.stored_events TO desk_api;

GRANT SELECT ON TABLE views.case_intervals TO desk_api;
GRANT SELECT ON TABLE views.case_intervals TO desk_auditor;

GRANT SELECT ON TABLE reporting.case_history TO desk_auditor;
GRANT SELECT ON TABLE reporting.case_history TO desk_reporter;

GRANT SELECT ON TABLE reporting.cases TO desk_auditor;
GRANT SELECT ON TABLE reporting.cases TO desk_reporter;

GRANT SELECT ON TABLE views.tracking TO desk_api;
GRANT SELECT ON TABLE views.tracking TO desk_auditor;

GRANT SELECT ON TABLE reporting."position" TO desk_auditor;
GRANT SELECT ON TABLE reporting."position" TO desk_reporter;

GRANT SELECT ON TABLE views.resolutions TO desk_api;
GRANT SELECT ON TABLE views.resolutions TO desk_auditor;

GRANT SELECT ON TABLE reporting.resolutions TO desk_auditor;
GRANT SELECT ON TABLE reporting.resolutions TO desk_reporter;

GRANT SELECT,INSERT ON TABLE vault.disclosures TO desk_api;
GRANT SELECT ON TABLE vault.disclosures TO desk_auditor;

GRANT SELECT ON TABLE vault.pseudonym_key TO desk_api;

GRANT SELECT ON TABLE views.case_counts TO desk_api;
GRANT SELECT ON TABLE views.case_counts TO desk_auditor;

GRANT SELECT ON TABLE views.queue_counts TO desk_api;
GRANT SELECT ON TABLE views.queue_counts TO desk_auditor;
