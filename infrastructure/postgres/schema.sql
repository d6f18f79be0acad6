CREATE SCHEMA extensions;

ALTER SCHEMA extensions OWNER TO postgres;

CREATE SCHEMA guards;

ALTER SCHEMA guards OWNER TO postgres;

CREATE SCHEMA ledger;

ALTER SCHEMA ledger OWNER TO desk_owner;

CREATE SCHEMA operations;

ALTER SCHEMA operations OWNER TO desk_owner;

CREATE SCHEMA reporting;

ALTER SCHEMA reporting OWNER TO desk_projector;

COMMENT ON SCHEMA reporting IS 'Plain views for reporting jobs: no words, no contact data, no customer. All views are as of one position.';

CREATE SCHEMA search;

ALTER SCHEMA search OWNER TO desk_owner;

CREATE SCHEMA tlog;

ALTER SCHEMA tlog OWNER TO desk_owner;

CREATE SCHEMA vault;

ALTER SCHEMA vault OWNER TO desk_owner;

CREATE SCHEMA views;

ALTER SCHEMA views OWNER TO desk_projector;

CREATE SCHEMA webhooks;

ALTER SCHEMA webhooks OWNER TO desk_owner;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA extensions;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE EXTENSION IF NOT EXISTS intarray WITH SCHEMA extensions;

COMMENT ON EXTENSION intarray IS 'functions, operators, and index support for 1-D arrays of integers';

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA extensions;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE FUNCTION guards.refuse_ddl() RETURNS event_trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION guards.refuse_ddl() OWNER TO postgres;

CREATE FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[], known_commands integer[], known bigint[], closing_commands integer[], closed_numbers text[], read_commands integer[], read_ids uuid[], read_versions bigint[]) RETURNS TABLE(refused_command integer, refusal text, notification_id bigint, recorded_at timestamp with time zone)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    taken int[] := '{}';
    outdated int[] := '{}';
    unread int[] := '{}';
    stale int[];
    refused int[];
    latest bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(4850712369);
    IF cardinality(keys) > 0 THEN
        taken := ARRAY(SELECT k.command FROM unnest(key_commands, keys) AS k (command, key)
                       WHERE EXISTS (SELECT FROM ledger.idempotency i WHERE i.key = k.key));
    END IF;
    IF cardinality(known) > 0 THEN
        SELECT e.notification_id INTO latest FROM ledger.stored_events e
        WHERE split_part(e.topic, '.', 1) = ANY (ledger.reference_topics())
        ORDER BY e.notification_id DESC LIMIT 1;
        outdated := ARRAY(SELECT k.command FROM unnest(known_commands, known) AS k (command, position)
                          WHERE k.position < latest AND k.command <> ALL (taken));
    END IF;
    IF cardinality(closed_numbers) > 0 THEN
        unread := ARRAY(SELECT DISTINCT c.command FROM unnest(closing_commands, closed_numbers) AS c (command, number)
                        WHERE c.command <> ALL (taken || outdated)
                          AND (ledger.has_unread_mail(c.number)
                               OR EXISTS (SELECT FROM unnest(topics, states) AS w (topic, state)
                                          WHERE w.topic = 'intake.quarantined'
                                            AND ledger.keeps_open(w.state) = c.number)));
    END IF;
    stale := ARRAY(SELECT DISTINCT w.command
                   FROM unnest(commands || read_commands, ids || read_ids, versions || read_versions) AS w (command, id, version)
                   WHERE w.command <> ALL (taken || outdated || unread)
                     AND EXISTS (SELECT FROM ledger.stored_events e
                                 WHERE e.originator_id = w.id AND e.originator_version = w.version));
    refused := taken || outdated || unread || stale;
    RETURN QUERY SELECT t, 'key', NULL::bigint, NULL::timestamptz FROM unnest(taken) AS t;
    RETURN QUERY SELECT t, 'reference', NULL::bigint, NULL::timestamptz FROM unnest(outdated) AS t;
    RETURN QUERY SELECT t, 'unread', NULL::bigint, NULL::timestamptz FROM unnest(unread) AS t;
    RETURN QUERY SELECT t, 'version', NULL::bigint, NULL::timestamptz FROM unnest(stale) AS t;
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
    IF EXISTS (SELECT FROM unnest(commands, topics) AS w (command, topic)
               WHERE w.command <> ALL (refused) AND split_part(w.topic, '.', 1) = ANY (ledger.reference_topics())) THEN
        NOTIFY reference;
    END IF;
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

ALTER FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[], known_commands integer[], known bigint[], closing_commands integer[], closed_numbers text[], read_commands integer[], read_ids uuid[], read_versions bigint[]) OWNER TO desk_owner;

CREATE FUNCTION ledger.keeps_open(quarantined bytea) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (((convert_from(quarantined, 'UTF8'::name))::json ->> 'cause'::text) <> 'stranger'::text) THEN ((convert_from(quarantined, 'UTF8'::name))::json ->> 'suggestion'::text) ELSE NULL::text END;

ALTER FUNCTION ledger.keeps_open(quarantined bytea) OWNER TO desk_owner;

CREATE TABLE ledger.stored_events (
    notification_id bigint NOT NULL,
    originator_version bigint NOT NULL,
    originator_id uuid NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    db_role text DEFAULT SESSION_USER NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT topic_is_a_name CHECK ((topic ~ '^[a-z][a-z0-9_.-]{0,99}$'::text))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.1', autovacuum_analyze_scale_factor='0.05');

ALTER TABLE ledger.stored_events OWNER TO desk_owner;

CREATE FUNCTION ledger.has_unread_mail(number text) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM ledger.stored_events q WHERE ((q.topic = 'intake.quarantined'::text) AND (ledger.keeps_open(q.state) = has_unread_mail.number) AND (NOT (EXISTS (SELECT FROM ledger.stored_events d WHERE ((d.originator_id = q.originator_id) AND (d.topic = ANY (ARRAY['intake.joined'::text, 'intake.released'::text, 'intake.discarded'::text])))))))));

ALTER FUNCTION ledger.has_unread_mail(number text) OWNER TO desk_owner;

CREATE FUNCTION ledger.reference_topics() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['service'::text, 'team'::text, 'help_desk'::text, 'script'::text, 'policy'::text, 'access'::text, 'source'::text, 'webhook'::text];

ALTER FUNCTION ledger.reference_topics() OWNER TO desk_owner;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

ALTER FUNCTION ledger.refuse_change() OWNER TO desk_owner;

CREATE FUNCTION ledger.refuse_number() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% registers no number but the Message-IDs of its mails', session_user
        USING ERRCODE = 'insufficient_privilege';
END
$$;

ALTER FUNCTION ledger.refuse_number() OWNER TO desk_owner;

CREATE FUNCTION search.lexemes(said text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    plain text;
BEGIN
    IF octet_length(said) = length(said) THEN
        RETURN to_tsvector('search.english', regexp_replace(said COLLATE pg_catalog."C", '[^A-Za-z0-9]', ' ', 'g'));
    END IF;
    plain := search.plain(said);
    RETURN to_tsvector('search.english', search.spaced(plain))
        || array_to_tsvector(ARRAY(SELECT DISTINCT pair FROM search.pairs(plain)));
END
$$;

ALTER FUNCTION search.lexemes(said text) OWNER TO desk_owner;

CREATE FUNCTION search.pairs(plain text) RETURNS TABLE(pair text, alone boolean)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT c || coalesce(lead(c) OVER (PARTITION BY r.place ORDER BY s.place), ''), length(r.run[1]) = 1
    FROM regexp_matches(plain, '[' || search.unspaced() || ']+', 'g') WITH ORDINALITY AS r (run, place),
         string_to_table(r.run[1], NULL) WITH ORDINALITY AS s (c, place)
$$;

ALTER FUNCTION search.pairs(plain text) OWNER TO desk_owner;

CREATE FUNCTION search.unspaced() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ede\u1000-\u1049\u1050-\u109d\u1780-\u17d3\u2e80-\u2fdf\u3005-\u3007\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff'::text;

ALTER FUNCTION search.unspaced() OWNER TO desk_owner;

CREATE FUNCTION search.plain(said text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace((NORMALIZE(said, NFKC) COLLATE pg_c_utf8), (('[^[:alnum:]'::text || search.unspaced()) || ']+'::text), ' '::text, 'g'::text);

ALTER FUNCTION search.plain(said text) OWNER TO desk_owner;

CREATE FUNCTION search.question(asked text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    piece text[];
    plain text;
    said text;
    words text := '';
    stops text := '';
BEGIN
    FOR piece IN SELECT regexp_matches(normalize(asked, NFKC), '"([^"]+)"|([^"\s]+)', 'g') LOOP
        plain := search.plain(coalesce(piece[1], piece[2]));
        said := phraseto_tsquery('search.english', search.spaced(plain))::text;
        IF said <> '' THEN
            stops := concat(stops, ' & (', said, ')');
        END IF;
        IF piece[1] IS NULL THEN
            said := phraseto_tsquery('pg_catalog.english', search.spaced(plain))::text;
        END IF;
        IF said <> '' THEN
            words := concat(words, ' & (', said, ')');
        END IF;
        IF octet_length(plain) <> length(plain) THEN
            SELECT string_agg(DISTINCT concat(' & ''', pair, '''', CASE WHEN alone THEN ':*' END), '') INTO said
            FROM search.pairs(plain) WHERE alone OR length(pair) = 2;
            words := words || coalesce(said, '');
        END IF;
    END LOOP;
    RETURN substr(CASE words WHEN '' THEN stops ELSE words END, 4)::tsquery;
END
$$;

ALTER FUNCTION search.question(asked text) OWNER TO desk_owner;

CREATE FUNCTION search."similar"(asked integer[], asked_number text, asked_service text, asked_ref text, since timestamp with time zone, until timestamp with time zone, newest_day integer, oldest_day integer, decided text[], certain double precision, other_service double precision, postings integer, most integer) RETURNS TABLE(number text, service text, received_at timestamp with time zone, external_ref text, shared double precision)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
DECLARE
    total CONSTANT float8 := (SELECT sum(t.cases) FROM views.open_terms t WHERE t.term < 0);
    days int[] := ARRAY(SELECT t.term FROM views.open_terms t WHERE t.term BETWEEN newest_day AND oldest_day);
    share CONSTANT float8 := (SELECT sum(t.cases) / total FROM views.open_terms t WHERE t.term = ANY (days));
    slack int := floor(cardinality(asked) * (1 - certain) + 1e-9) - cardinality(asked);
    word record;
    rare int[] := '{}';
    reached float8 := 0;
    covered int := 0;
    sets text[] := '{}'; -- arrays of terms: PostgreSQL has no array of arrays of several lengths
    filling int[] := '{}';
    weight int := 0;
BEGIN
    IF cardinality(days) > 64 THEN
        days := NULL; -- so many lists of days cost more than they save
    END IF;
    -- Of the terms that may be missing, those that no report has are missing already.
    slack := slack + coalesce((SELECT count(*) FROM views.open_terms t WHERE t.term = ANY (asked)), 0);
    -- One term stands for each word. The last bits tell the weight of the word (application/views/open_reports.py).
    FOR word IN WITH words AS MATERIALIZED (
                    SELECT t.term, t.cases, CASE t.term & 3 WHEN 0 THEN 3 ELSE 1 END AS weight,
                           row_number() OVER (ORDER BY t.cases, t.term) AS rarity, count(*) OVER () AS count
                    FROM views.open_terms t WHERE t.term = ANY (asked) AND t.term & 3 IN (0, 3)
                )
                SELECT w.*, m.mixture FROM words w CROSS JOIN generate_series(1, 3) AS m (mixture)
                ORDER BY m.mixture, CASE m.mixture WHEN 2 THEN (w.rarity - 1) % greatest(w.count / greatest(slack + 1, 1), 2)
                                                   WHEN 3 THEN least(w.rarity, w.count + 1 - w.rarity) END, w.rarity
    LOOP
        IF word.rarity = 1 THEN
            filling := '{}';
            weight := 0;
        END IF;
        IF word.mixture = 1 THEN
            reached := reached + word.cases * share;
            IF reached <= postings OR rare = '{}' THEN
                rare := rare || word.term;
                covered := CASE WHEN reached <= postings THEN covered + word.weight ELSE 0 END;
            END IF;
        END IF;
        filling := filling || word.term;
        weight := weight + word.weight;
        IF slack >= 0 AND weight > slack THEN
            sets := sets || filling::text;
            filling := '{}';
            weight := 0;
        END IF;
    END LOOP;
    IF covered > slack THEN
        sets := '{}'; -- the rare terms are such a set
    END IF;
    RETURN QUERY
    SELECT f.number, f.service, f.received_at, f.external_ref, f.shared
    FROM (
        SELECT c.case_id, c.number, c.service, c.received_at, c.external_ref,
               c.common / (cardinality(asked) + cardinality(c.terms) - 1 - c.common)::float8 AS shared
        FROM (
            (SELECT o.*, extensions.icount(o.terms OPERATOR(extensions.&) asked) AS common
             FROM views.open_reports o
             WHERE o.terms && rare AND o.terms && coalesce(days, rare) AND o.received_at >= since
               AND (o.received_at, o.number) < (until, asked_number)
               AND (asked_ref IS NULL OR o.external_ref IS DISTINCT FROM asked_ref)
             LIMIT 3 * postings)
            UNION
            (SELECT o.*, extensions.icount(o.terms OPERATOR(extensions.&) asked)
             FROM views.open_reports o
             WHERE o.terms && sets[1]::int[] AND o.terms && coalesce(sets[2], sets[1])::int[]
               AND o.terms && coalesce(sets[3], sets[1])::int[] AND o.terms && coalesce(sets[4], sets[1])::int[]
               AND o.terms && coalesce(sets[5], sets[1])::int[] AND o.terms && coalesce(sets[6], sets[1])::int[]
               AND o.terms && coalesce(sets[7], sets[1])::int[] AND o.terms && coalesce(sets[8], sets[1])::int[]
               AND o.terms && coalesce(days, sets[1]::int[]) AND o.received_at >= since
               AND (o.received_at, o.number) < (until, asked_number)
               AND (asked_ref IS NULL OR o.external_ref IS DISTINCT FROM asked_ref)
               -- One much shorter or longer cannot share enough.
               AND cardinality(o.terms) - 1 BETWEEN cardinality(asked) * certain - 1e-9 AND cardinality(asked) / greatest(certain, 1e-3) + 1e-9
             LIMIT 3 * postings)
            UNION ALL
            (SELECT o.*, extensions.icount(o.terms OPERATOR(extensions.&) asked)
             FROM views.open_reports o
             WHERE o.external_ref = asked_ref AND o.received_at >= since
               AND (o.received_at, o.number) < (until, asked_number)
             ORDER BY o.external_ref, o.received_at DESC LIMIT most + cardinality(decided))
        ) c
        WHERE c.number <> ALL (decided)
        ORDER BY (c.external_ref = asked_ref) IS TRUE DESC,
                 c.common / (cardinality(asked) + cardinality(c.terms) - 1 - c.common)::float8
                 * CASE WHEN c.service <> asked_service OR c.external_ref <> asked_ref THEN other_service ELSE 1 END DESC,
                 c.received_at DESC, c.number
        LIMIT most
    ) f
    WHERE EXISTS (SELECT FROM vault.disclosures d WHERE d.originator_id = f.case_id AND d.kind = 'customer_words');
END
$$;

ALTER FUNCTION search."similar"(asked integer[], asked_number text, asked_service text, asked_ref text, since timestamp with time zone, until timestamp with time zone, newest_day integer, oldest_day integer, decided text[], certain double precision, other_service double precision, postings integer, most integer) OWNER TO desk_owner;

CREATE FUNCTION search.spaced(plain text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(plain) = length(plain)) THEN plain ELSE regexp_replace(plain, (('['::text || search.unspaced()) || ']+'::text), ' '::text, 'g'::text) END;

ALTER FUNCTION search.spaced(plain text) OWNER TO desk_owner;

CREATE FUNCTION search.spans(number text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(ARRAY[('@0.'::text || (("substring"(number, '\d+$'::text))::bigint >> 11)), ('@1.'::text || (("substring"(number, '\d+$'::text))::bigint >> 15)), ('@2.'::text || (("substring"(number, '\d+$'::text))::bigint >> 19))]);

ALTER FUNCTION search.spans(number text) OWNER TO desk_owner;

CREATE FUNCTION search.words(lexemes tsvector) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT word FROM unnest(tsvector_to_array(lexemes)) AS word
    WHERE length(word) BETWEEN 4 AND 40 AND word >= 'a' AND word !~ '\d'
$$;

ALTER FUNCTION search.words(lexemes tsvector) OWNER TO desk_owner;

CREATE FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    disclosures bigint;
    spoken uuid[];
BEGIN
    PERFORM FROM views.tracking FOR UPDATE;
    spoken := ARRAY(
        SELECT DISTINCT d.originator_id FROM vault.disclosures d
        WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
          AND d.kind <> 'contact');
    -- A rebuild that is going on, or was broken off, has copies of its own.
    IF to_regclass('views_shadow.known_errors') IS NOT NULL THEN
        BEGIN
            PERFORM vault.forget_texts('views_shadow', spoken), vault.forget_reports('views_shadow', spoken);
            DELETE FROM views_shadow.known_errors k USING vault.disclosures d
            WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
              AND k.problem_id = d.originator_id AND k.version = d.originator_version;
        EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
            NULL; -- it was dropped just now
        END;
    END IF;
    PERFORM vault.forget_texts('views', spoken), vault.forget_reports('views', spoken);
    WITH gone AS (
        DELETE FROM vault.disclosures d
        WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
        RETURNING d.originator_id AS id, d.originator_version AS version
    ), articles AS (
        DELETE FROM views.known_errors k USING gone g WHERE k.problem_id = g.id AND k.version = g.version
    )
    SELECT count(*) INTO disclosures FROM gone;
    RETURN disclosures;
END
$$;

ALTER FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) OWNER TO desk_owner;

CREATE FUNCTION vault.forget_reports(views_schema text, erased uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    forgotten int[];
BEGIN
    EXECUTE format('WITH gone AS (DELETE FROM %I.open_reports WHERE case_id = ANY ($1) RETURNING terms)
                    SELECT array_agg(term) FROM gone, unnest(terms) AS term', views_schema) INTO forgotten USING erased;
    EXECUTE format('UPDATE %I.open_terms t SET cases = t.cases - g.cases
                    FROM (SELECT term, count(*) AS cases FROM unnest($1) AS term GROUP BY term) g
                    WHERE t.term = g.term', views_schema) USING forgotten;
    EXECUTE format('DELETE FROM %I.open_terms WHERE term = ANY ($1) AND cases = 0', views_schema) USING forgotten;
END
$_$;

ALTER FUNCTION vault.forget_reports(views_schema text, erased uuid[]) OWNER TO desk_owner;

CREATE FUNCTION vault.forget_texts(views_schema text, erased uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    forgotten text[];
BEGIN
    EXECUTE format('WITH gone AS (DELETE FROM %I.case_texts WHERE case_id = ANY ($1) RETURNING lexemes)
                    SELECT array_agg(word) FROM gone, search.words(gone.lexemes) AS word', views_schema)
        INTO forgotten USING erased;
    EXECUTE format('UPDATE %I.words w SET cases = w.cases - g.cases
                    FROM (SELECT word, count(*) AS cases FROM unnest($1) AS word GROUP BY word) g
                    WHERE w.word = g.word', views_schema) USING forgotten;
    EXECUTE format('DELETE FROM %I.words WHERE word = ANY ($1) AND cases = 0', views_schema) USING forgotten;
END
$_$;

ALTER FUNCTION vault.forget_texts(views_schema text, erased uuid[]) OWNER TO desk_owner;

CREATE FUNCTION vault.refuse_forgetting() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF OLD.read_at > clock_timestamp() - interval '30 days' THEN
        RAISE EXCEPTION 'a read is kept for 30 days at least' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;

ALTER FUNCTION vault.refuse_forgetting() OWNER TO desk_owner;

CREATE TEXT SEARCH DICTIONARY search.stems (
    TEMPLATE = pg_catalog.snowball,
    language = 'english' );

ALTER TEXT SEARCH DICTIONARY search.stems OWNER TO desk_owner;

CREATE TEXT SEARCH CONFIGURATION search.english (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR asciiword WITH search.stems;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR word WITH search.stems;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR hword_part WITH search.stems;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR hword_asciipart WITH search.stems;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR asciihword WITH search.stems;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR hword WITH search.stems;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english
    ADD MAPPING FOR uint WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.english OWNER TO desk_owner;

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

ALTER TABLE ledger.stored_events ALTER COLUMN notification_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.stored_events_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE operations.schema (
    one boolean DEFAULT true NOT NULL,
    level integer NOT NULL,
    needs integer NOT NULL,
    CONSTRAINT schema_one_check CHECK (one)
);

ALTER TABLE operations.schema OWNER TO desk_owner;

CREATE TABLE operations.set_aside (
    kind text NOT NULL,
    item text NOT NULL,
    tries integer NOT NULL,
    given_up boolean NOT NULL,
    error text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE operations.set_aside OWNER TO desk_owner;

CREATE TABLE operations.workers (
    worker text NOT NULL,
    state text NOT NULL,
    error text,
    since timestamp with time zone NOT NULL,
    expected_by timestamp with time zone NOT NULL,
    figures jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT workers_state_check CHECK ((state = ANY (ARRAY['running'::text, 'failing'::text, 'halted'::text])))
);

ALTER TABLE operations.workers OWNER TO desk_owner;

CREATE TABLE views.case_intervals (
    case_id uuid NOT NULL,
    "position" bigint NOT NULL,
    until_position bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    stay_position bigint,
    stay_since timestamp with time zone,
    rank bigint,
    pending_since timestamp with time zone,
    respond_by timestamp with time zone,
    resolve_by timestamp with time zone,
    resolved_at timestamp with time zone,
    dispute_until timestamp with time zone,
    suspected_at timestamp with time zone,
    closed_at timestamp with time zone,
    version integer NOT NULL,
    worded integer NOT NULL,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    failed_fixes integer NOT NULL,
    priority smallint,
    impact smallint,
    severity smallint,
    nature text NOT NULL,
    status text NOT NULL,
    agency text,
    queue text,
    service text,
    team text,
    technician text,
    major text,
    pending_reason text,
    resolution_code text,
    problem text,
    external_ref text,
    due_at timestamp with time zone,
    always boolean NOT NULL
);

ALTER TABLE views.case_intervals OWNER TO desk_projector;

CREATE TABLE views.closed_cases (
    case_id uuid CONSTRAINT open_cases_case_id_not_null NOT NULL,
    version bigint CONSTRAINT open_cases_version_not_null NOT NULL,
    "position" bigint CONSTRAINT open_cases_position_not_null NOT NULL,
    updated_at timestamp with time zone CONSTRAINT open_cases_updated_at_not_null NOT NULL,
    stay_position bigint CONSTRAINT open_cases_stay_position_not_null NOT NULL,
    stay_since timestamp with time zone CONSTRAINT open_cases_stay_since_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT open_cases_received_at_not_null NOT NULL,
    pending_since timestamp with time zone,
    respond_by timestamp with time zone,
    resolve_by timestamp with time zone,
    resolved_at timestamp with time zone,
    dispute_until timestamp with time zone,
    suspected_at timestamp with time zone,
    closes_at timestamp with time zone,
    closed_at timestamp with time zone,
    held_since timestamp with time zone,
    resolution_version bigint,
    paused_seconds double precision CONSTRAINT open_cases_paused_seconds_not_null NOT NULL,
    settled_seconds double precision CONSTRAINT open_cases_settled_seconds_not_null NOT NULL,
    worded integer CONSTRAINT open_cases_worded_not_null NOT NULL,
    reopenings integer CONSTRAINT open_cases_reopenings_not_null NOT NULL,
    hand_backs integer CONSTRAINT open_cases_hand_backs_not_null NOT NULL,
    failed_fixes integer CONSTRAINT open_cases_failed_fixes_not_null NOT NULL,
    episodes integer CONSTRAINT open_cases_episodes_not_null NOT NULL,
    priority smallint,
    impact smallint,
    severity smallint,
    imported boolean CONSTRAINT open_cases_imported_not_null NOT NULL,
    number text CONSTRAINT open_cases_number_not_null NOT NULL,
    customer text CONSTRAINT open_cases_customer_not_null NOT NULL,
    channel text CONSTRAINT open_cases_channel_not_null NOT NULL,
    nature text CONSTRAINT open_cases_nature_not_null NOT NULL,
    status text CONSTRAINT open_cases_status_not_null NOT NULL,
    agency text,
    queue text,
    service text,
    team text,
    technician text,
    major text,
    pending_reason text,
    resolution_code text,
    problem text,
    external_ref text,
    responded_at timestamp with time zone,
    respond_warning_at timestamp with time zone,
    resolve_warning_at timestamp with time zone,
    due_at timestamp with time zone,
    always boolean NOT NULL
);

ALTER TABLE views.closed_cases OWNER TO desk_projector;

CREATE TABLE views.open_cases (
    case_id uuid NOT NULL,
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    stay_position bigint NOT NULL,
    stay_since timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    pending_since timestamp with time zone,
    respond_by timestamp with time zone,
    resolve_by timestamp with time zone,
    resolved_at timestamp with time zone,
    dispute_until timestamp with time zone,
    suspected_at timestamp with time zone,
    closes_at timestamp with time zone,
    closed_at timestamp with time zone,
    held_since timestamp with time zone,
    resolution_version bigint,
    paused_seconds double precision NOT NULL,
    settled_seconds double precision NOT NULL,
    worded integer NOT NULL,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    failed_fixes integer NOT NULL,
    episodes integer NOT NULL,
    priority smallint,
    impact smallint,
    severity smallint,
    imported boolean NOT NULL,
    number text NOT NULL,
    customer text NOT NULL,
    channel text NOT NULL,
    nature text NOT NULL,
    status text NOT NULL,
    agency text,
    queue text,
    service text,
    team text,
    technician text,
    major text,
    pending_reason text,
    resolution_code text,
    problem text,
    external_ref text,
    responded_at timestamp with time zone,
    respond_warning_at timestamp with time zone,
    resolve_warning_at timestamp with time zone,
    due_at timestamp with time zone,
    always boolean NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE views.open_cases OWNER TO desk_projector;

CREATE VIEW reporting.case_history AS
 SELECT c.number,
    c.case_id,
    c.version,
    c."position" AS from_position,
    NULL::bigint AS until_position,
    c.updated_at AS from_at,
    NULL::timestamp with time zone AS until_at,
    c.status,
    c.queue,
    c.priority,
    c.impact,
    c.severity,
    c.service,
    c.team,
    c.technician,
    c.agency,
    c.nature,
    c.major,
    c.pending_reason,
    c.resolution_code,
    c.problem,
    c.reopenings,
    c.hand_backs
   FROM ( SELECT open_cases.case_id,
            open_cases.version,
            open_cases."position",
            open_cases.updated_at,
            open_cases.stay_position,
            open_cases.stay_since,
            open_cases.received_at,
            open_cases.pending_since,
            open_cases.respond_by,
            open_cases.resolve_by,
            open_cases.resolved_at,
            open_cases.dispute_until,
            open_cases.suspected_at,
            open_cases.closes_at,
            open_cases.closed_at,
            open_cases.held_since,
            open_cases.resolution_version,
            open_cases.paused_seconds,
            open_cases.settled_seconds,
            open_cases.worded,
            open_cases.reopenings,
            open_cases.hand_backs,
            open_cases.failed_fixes,
            open_cases.episodes,
            open_cases.priority,
            open_cases.impact,
            open_cases.severity,
            open_cases.imported,
            open_cases.number,
            open_cases.customer,
            open_cases.channel,
            open_cases.nature,
            open_cases.status,
            open_cases.agency,
            open_cases.queue,
            open_cases.service,
            open_cases.team,
            open_cases.technician,
            open_cases.major,
            open_cases.pending_reason,
            open_cases.resolution_code,
            open_cases.problem,
            open_cases.external_ref,
            open_cases.responded_at,
            open_cases.respond_warning_at,
            open_cases.resolve_warning_at,
            open_cases.due_at,
            open_cases.always
           FROM views.open_cases
        UNION ALL
         SELECT closed_cases.case_id,
            closed_cases.version,
            closed_cases."position",
            closed_cases.updated_at,
            closed_cases.stay_position,
            closed_cases.stay_since,
            closed_cases.received_at,
            closed_cases.pending_since,
            closed_cases.respond_by,
            closed_cases.resolve_by,
            closed_cases.resolved_at,
            closed_cases.dispute_until,
            closed_cases.suspected_at,
            closed_cases.closes_at,
            closed_cases.closed_at,
            closed_cases.held_since,
            closed_cases.resolution_version,
            closed_cases.paused_seconds,
            closed_cases.settled_seconds,
            closed_cases.worded,
            closed_cases.reopenings,
            closed_cases.hand_backs,
            closed_cases.failed_fixes,
            closed_cases.episodes,
            closed_cases.priority,
            closed_cases.impact,
            closed_cases.severity,
            closed_cases.imported,
            closed_cases.number,
            closed_cases.customer,
            closed_cases.channel,
            closed_cases.nature,
            closed_cases.status,
            closed_cases.agency,
            closed_cases.queue,
            closed_cases.service,
            closed_cases.team,
            closed_cases.technician,
            closed_cases.major,
            closed_cases.pending_reason,
            closed_cases.resolution_code,
            closed_cases.problem,
            closed_cases.external_ref,
            closed_cases.responded_at,
            closed_cases.respond_warning_at,
            closed_cases.resolve_warning_at,
            closed_cases.due_at,
            closed_cases.always
           FROM views.closed_cases) c
UNION ALL
 SELECT c.number,
    i.case_id,
    (i.version)::bigint AS version,
    i."position" AS from_position,
    i.until_position,
    i.since AS from_at,
    i.until AS until_at,
    i.status,
    i.queue,
    i.priority,
    i.impact,
    i.severity,
    i.service,
    i.team,
    i.technician,
    i.agency,
    i.nature,
    i.major,
    i.pending_reason,
    i.resolution_code,
    i.problem,
    i.reopenings,
    i.hand_backs
   FROM (views.case_intervals i
     JOIN ( SELECT open_cases.case_id,
            open_cases.number
           FROM views.open_cases
        UNION ALL
         SELECT closed_cases.case_id,
            closed_cases.number
           FROM views.closed_cases) c USING (case_id));

ALTER VIEW reporting.case_history OWNER TO desk_projector;

COMMENT ON VIEW reporting.case_history IS 'One row a case and interval between two of its events. Past states are rows whose interval holds the point: `from_position <= p and (until_position is null or until_position > p)` is what the record held at position p, the same with `from_at` and `until_at` what had happened by a moment.';

COMMENT ON COLUMN reporting.case_history.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.case_history.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.case_history.version IS 'The event that began the interval, by its place in the case. Unique with case_id.';

COMMENT ON COLUMN reporting.case_history.from_position IS 'The position of that event.';

COMMENT ON COLUMN reporting.case_history.until_position IS 'The position of the event that ended the interval, which it does not include; null for the last one.';

COMMENT ON COLUMN reporting.case_history.from_at IS 'When the interval began. It never begins before the one before it.';

COMMENT ON COLUMN reporting.case_history.until_at IS 'When it ended, exclusive; null for the last one. Equal to from_at where two events have one moment.';

COMMENT ON COLUMN reporting.case_history.status IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.queue IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.priority IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.impact IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.severity IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.service IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.team IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.technician IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.agency IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.nature IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.major IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.pending_reason IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.resolution_code IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.problem IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.reopenings IS 'As in cases.';

COMMENT ON COLUMN reporting.case_history.hand_backs IS 'As in cases.';

CREATE TABLE views.case_facts (
    case_id uuid NOT NULL,
    "position" bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    priority smallint,
    always boolean NOT NULL,
    first_contact boolean,
    reopened boolean NOT NULL,
    after_closure boolean NOT NULL,
    disputed boolean NOT NULL,
    episodes integer NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    team text,
    service text,
    channel text NOT NULL,
    agency text,
    code text,
    net_seconds double precision,
    business_seconds double precision,
    first_resolved_at timestamp with time zone,
    first_net_seconds double precision,
    first_business_seconds double precision,
    source_seconds double precision,
    dispute_until timestamp with time zone,
    suspected_at timestamp with time zone,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    failed_fixes integer NOT NULL,
    verifier text,
    cause_corrected text,
    problem text,
    acknowledged_at timestamp with time zone,
    acknowledged_position bigint,
    acknowledged_business double precision,
    responded_at timestamp with time zone,
    responded_position bigint,
    responded_business double precision,
    later_responses timestamp with time zone[],
    later_response_positions bigint[],
    later_response_business double precision[],
    respond_by timestamp with time zone,
    resolve_by timestamp with time zone,
    pending_since timestamp with time zone,
    logged_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    settled_position bigint,
    turns timestamp with time zone[],
    turn_positions bigint[],
    breaks timestamp with time zone[]
)
WITH (autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE views.case_facts OWNER TO desk_projector;

CREATE VIEW reporting.case_measures AS
 SELECT c.number,
    f.case_id,
    f.received_at,
    f.status,
    f.priority,
    f.service,
    f.team,
    f.channel,
    f.agency,
    f.always AS around_the_clock,
    f.acknowledged_at,
    (e.acknowledged / (3600)::double precision) AS acknowledge_hours,
    (
        CASE
            WHEN f.always THEN e.acknowledged
            ELSE f.acknowledged_business
        END / (3600)::double precision) AS acknowledge_business_hours,
    f.responded_at,
    f.respond_by,
    (e.responded / (3600)::double precision) AS respond_hours,
    (
        CASE
            WHEN f.always THEN e.responded
            ELSE f.responded_business
        END / (3600)::double precision) AS respond_business_hours,
    f.resolved_at,
    f.resolve_by,
    f.code AS resolution_code,
    (date_part('epoch'::text, (f.resolved_at - f.received_at)) / (3600)::double precision) AS resolve_wall_clock_hours,
    (f.net_seconds / (3600)::double precision) AS resolve_hours,
    (
        CASE
            WHEN f.always THEN f.net_seconds
            ELSE f.business_seconds
        END / (3600)::double precision) AS resolve_business_hours,
    f.first_resolved_at,
    (f.first_net_seconds / (3600)::double precision) AS first_resolve_hours,
    (
        CASE
            WHEN f.always THEN f.first_net_seconds
            ELSE f.first_business_seconds
        END / (3600)::double precision) AS first_resolve_business_hours,
    f.first_contact,
    f.disputed,
    f.reopened,
    f.after_closure AS reopened_after_closure
   FROM ((views.case_facts f
     JOIN ( SELECT open_cases.case_id,
            open_cases.number
           FROM views.open_cases
        UNION ALL
         SELECT closed_cases.case_id,
            closed_cases.number
           FROM views.closed_cases) c USING (case_id))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (f.acknowledged_at IS NOT NULL) THEN GREATEST(date_part('epoch'::text, (f.acknowledged_at - f.received_at)), (0)::double precision)
                    ELSE NULL::double precision
                END AS acknowledged,
                CASE
                    WHEN (f.responded_at IS NOT NULL) THEN GREATEST(date_part('epoch'::text, (f.responded_at - f.received_at)), (0)::double precision)
                    ELSE NULL::double precision
                END AS responded) e);

ALTER VIEW reporting.case_measures OWNER TO desk_projector;

COMMENT ON VIEW reporting.case_measures IS 'One row a case, as it is now: how long it took. Hours elapse; business hours run by the hours of the policy that was in force, or elapse where the calendar of the case is around the clock.';

COMMENT ON COLUMN reporting.case_measures.number IS 'The case''s number. Unique.';

COMMENT ON COLUMN reporting.case_measures.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.case_measures.received_at IS 'When the customer''s report reached the desk.';

COMMENT ON COLUMN reporting.case_measures.status IS 'As in cases.';

COMMENT ON COLUMN reporting.case_measures.priority IS 'As in cases.';

COMMENT ON COLUMN reporting.case_measures.service IS 'As in cases.';

COMMENT ON COLUMN reporting.case_measures.team IS 'As in cases.';

COMMENT ON COLUMN reporting.case_measures.channel IS 'As in cases.';

COMMENT ON COLUMN reporting.case_measures.agency IS 'As in cases.';

COMMENT ON COLUMN reporting.case_measures.around_the_clock IS 'Whether its calendar is around the clock.';

COMMENT ON COLUMN reporting.case_measures.acknowledged_at IS 'The first action of a person on it; null until then.';

COMMENT ON COLUMN reporting.case_measures.acknowledge_hours IS 'Hours from receipt until then.';

COMMENT ON COLUMN reporting.case_measures.acknowledge_business_hours IS 'The same in business hours.';

COMMENT ON COLUMN reporting.case_measures.responded_at IS 'The first substantive contact with the customer; null until then.';

COMMENT ON COLUMN reporting.case_measures.respond_by IS 'Its target.';

COMMENT ON COLUMN reporting.case_measures.respond_hours IS 'Hours from receipt until that contact.';

COMMENT ON COLUMN reporting.case_measures.respond_business_hours IS 'The same in business hours.';

COMMENT ON COLUMN reporting.case_measures.resolved_at IS 'The last resolution, also of a case that was taken up again; null until the first.';

COMMENT ON COLUMN reporting.case_measures.resolve_by IS 'Target of the resolution.';

COMMENT ON COLUMN reporting.case_measures.resolution_code IS 'The code of that resolution; `referred`, `duplicate` and `reclassified_request` are no incidents, and reports leave them out.';

COMMENT ON COLUMN reporting.case_measures.resolve_wall_clock_hours IS 'Hours from receipt to the last resolution.';

COMMENT ON COLUMN reporting.case_measures.resolve_hours IS 'The same, less pauses and less earlier stays in `resolved`.';

COMMENT ON COLUMN reporting.case_measures.resolve_business_hours IS 'The same in business hours.';

COMMENT ON COLUMN reporting.case_measures.first_resolved_at IS 'The first resolution as an incident; null before.';

COMMENT ON COLUMN reporting.case_measures.first_resolve_hours IS 'Hours from receipt until then, less pauses.';

COMMENT ON COLUMN reporting.case_measures.first_resolve_business_hours IS 'The same in business hours.';

COMMENT ON COLUMN reporting.case_measures.first_contact IS 'Whether the desk resolved it itself, never assigned to a team.';

COMMENT ON COLUMN reporting.case_measures.disputed IS 'Whether its last resolution was disputed.';

COMMENT ON COLUMN reporting.case_measures.reopened IS 'Whether its last resolution was reopened.';

COMMENT ON COLUMN reporting.case_measures.reopened_after_closure IS 'Whether it was opened again after it was closed.';

CREATE VIEW reporting.cases AS
 SELECT number,
    case_id,
    version,
    "position",
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
    major,
    received_at,
    updated_at,
    respond_by,
    resolve_by,
    resolved_at,
    closed_at,
    dispute_until,
    pending_reason,
    pending_since,
    resolution_code,
    problem,
    external_ref,
    reopenings,
    hand_backs,
    failed_fixes,
    imported
   FROM ( SELECT open_cases.case_id,
            open_cases.version,
            open_cases."position",
            open_cases.updated_at,
            open_cases.stay_position,
            open_cases.stay_since,
            open_cases.received_at,
            open_cases.pending_since,
            open_cases.respond_by,
            open_cases.resolve_by,
            open_cases.resolved_at,
            open_cases.dispute_until,
            open_cases.suspected_at,
            open_cases.closes_at,
            open_cases.closed_at,
            open_cases.held_since,
            open_cases.resolution_version,
            open_cases.paused_seconds,
            open_cases.settled_seconds,
            open_cases.worded,
            open_cases.reopenings,
            open_cases.hand_backs,
            open_cases.failed_fixes,
            open_cases.episodes,
            open_cases.priority,
            open_cases.impact,
            open_cases.severity,
            open_cases.imported,
            open_cases.number,
            open_cases.customer,
            open_cases.channel,
            open_cases.nature,
            open_cases.status,
            open_cases.agency,
            open_cases.queue,
            open_cases.service,
            open_cases.team,
            open_cases.technician,
            open_cases.major,
            open_cases.pending_reason,
            open_cases.resolution_code,
            open_cases.problem,
            open_cases.external_ref,
            open_cases.responded_at,
            open_cases.respond_warning_at,
            open_cases.resolve_warning_at,
            open_cases.due_at,
            open_cases.always
           FROM views.open_cases
        UNION ALL
         SELECT closed_cases.case_id,
            closed_cases.version,
            closed_cases."position",
            closed_cases.updated_at,
            closed_cases.stay_position,
            closed_cases.stay_since,
            closed_cases.received_at,
            closed_cases.pending_since,
            closed_cases.respond_by,
            closed_cases.resolve_by,
            closed_cases.resolved_at,
            closed_cases.dispute_until,
            closed_cases.suspected_at,
            closed_cases.closes_at,
            closed_cases.closed_at,
            closed_cases.held_since,
            closed_cases.resolution_version,
            closed_cases.paused_seconds,
            closed_cases.settled_seconds,
            closed_cases.worded,
            closed_cases.reopenings,
            closed_cases.hand_backs,
            closed_cases.failed_fixes,
            closed_cases.episodes,
            closed_cases.priority,
            closed_cases.impact,
            closed_cases.severity,
            closed_cases.imported,
            closed_cases.number,
            closed_cases.customer,
            closed_cases.channel,
            closed_cases.nature,
            closed_cases.status,
            closed_cases.agency,
            closed_cases.queue,
            closed_cases.service,
            closed_cases.team,
            closed_cases.technician,
            closed_cases.major,
            closed_cases.pending_reason,
            closed_cases.resolution_code,
            closed_cases.problem,
            closed_cases.external_ref,
            closed_cases.responded_at,
            closed_cases.respond_warning_at,
            closed_cases.resolve_warning_at,
            closed_cases.due_at,
            closed_cases.always
           FROM views.closed_cases) c;

ALTER VIEW reporting.cases OWNER TO desk_projector;

COMMENT ON VIEW reporting.cases IS 'One row a case, as it is now.';

COMMENT ON COLUMN reporting.cases.number IS 'The number that people use, such as INC-0000123. Unique.';

COMMENT ON COLUMN reporting.cases.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.cases.version IS 'How many events it has.';

COMMENT ON COLUMN reporting.cases."position" IS 'The position of its last event.';

COMMENT ON COLUMN reporting.cases.status IS 'logged, triaged, prioritized, in_diagnosis, assigned, resolved or closed.';

COMMENT ON COLUMN reporting.cases.queue IS 'The queue it stands in: one of the desk''s by status, its team''s once assigned; null once closed.';

COMMENT ON COLUMN reporting.cases.priority IS '1 (highest) to 4; null before it is assessed.';

COMMENT ON COLUMN reporting.cases.impact IS '1 (high) to 3 (low).';

COMMENT ON COLUMN reporting.cases.severity IS '1 (high) to 3 (low).';

COMMENT ON COLUMN reporting.cases.service IS 'The service, as in services.';

COMMENT ON COLUMN reporting.cases.team IS 'The team that it is assigned to, as in teams.';

COMMENT ON COLUMN reporting.cases.technician IS 'The staff member who has accepted it.';

COMMENT ON COLUMN reporting.cases.agency IS 'The customer''s agency.';

COMMENT ON COLUMN reporting.cases.channel IS 'How it reached the desk: phone, email, self_service, monitoring, chat, walk_in, partner_desk or other.';

COMMENT ON COLUMN reporting.cases.nature IS 'actual or impending.';

COMMENT ON COLUMN reporting.cases.major IS 'nominated, declared or rejected; null where nobody nominated it as a major incident.';

COMMENT ON COLUMN reporting.cases.received_at IS 'When the customer''s report reached the desk: the start of every target.';

COMMENT ON COLUMN reporting.cases.updated_at IS 'When its last event happened.';

COMMENT ON COLUMN reporting.cases.respond_by IS 'Target of the first contact.';

COMMENT ON COLUMN reporting.cases.resolve_by IS 'Target of the resolution, pauses included so far.';

COMMENT ON COLUMN reporting.cases.resolved_at IS 'When it was last resolved; null while it is open.';

COMMENT ON COLUMN reporting.cases.closed_at IS 'When it was closed; null until then.';

COMMENT ON COLUMN reporting.cases.dispute_until IS 'When its dispute window ends.';

COMMENT ON COLUMN reporting.cases.pending_reason IS 'What it waits for: customer, vendor, problem or evidence; null while it does not wait.';

COMMENT ON COLUMN reporting.cases.pending_since IS 'Since when it waits.';

COMMENT ON COLUMN reporting.cases.resolution_code IS 'The code of its standing resolution.';

COMMENT ON COLUMN reporting.cases.problem IS 'The Problem Case of its standing resolution, as in problems.';

COMMENT ON COLUMN reporting.cases.external_ref IS 'Its number in the system that it came from.';

COMMENT ON COLUMN reporting.cases.reopenings IS 'How often it was reopened.';

COMMENT ON COLUMN reporting.cases.hand_backs IS 'How often a team handed it back.';

COMMENT ON COLUMN reporting.cases.failed_fixes IS 'How often the customer said that it does not work.';

COMMENT ON COLUMN reporting.cases.imported IS 'Whether it comes from another system''s history.';

CREATE TABLE views.problems (
    id uuid NOT NULL,
    version bigint NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    closed_at timestamp with time zone,
    priority smallint,
    number text NOT NULL,
    status text NOT NULL,
    service text,
    known_error text,
    incidents text[] NOT NULL
);

ALTER TABLE views.problems OWNER TO desk_projector;

CREATE TABLE views.tracking (
    one boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    events bigint NOT NULL,
    halted_at bigint,
    halted_by text,
    CONSTRAINT tracking_one_check CHECK (one)
);

ALTER TABLE views.tracking OWNER TO desk_projector;

CREATE VIEW reporting.events AS
 SELECT e.notification_id AS "position",
    e.originator_id AS stream,
    n.number,
    e.originator_version AS version,
    e.topic,
    COALESCE(((s.state ->> 'occurred_at'::text))::timestamp with time zone, e.recorded_at) AS occurred_at,
    e.recorded_at,
        CASE
            WHEN ((s.state #>> '{by,role}'::text[]) <> ALL (ARRAY['customer'::text, 'external'::text])) THEN (s.state #>> '{by,subject}'::text[])
            ELSE NULL::text
        END AS actor,
    (s.state #>> '{by,role}'::text[]) AS role,
    (s.state #>> '{by,team}'::text[]) AS team,
    (s.state #>> '{via,interface}'::text[]) AS interface,
    (s.state #>> '{via,channel}'::text[]) AS channel,
    ((s.state ->> 'causation'::text))::bigint AS caused_by,
    ((s.state ->> 'origin'::text) IS NOT NULL) AS imported
   FROM ((ledger.stored_events e
     CROSS JOIN LATERAL ( SELECT (convert_from(e.state, 'UTF8'::name))::jsonb AS state) s)
     LEFT JOIN ( SELECT open_cases.case_id AS id,
            open_cases.number
           FROM views.open_cases
        UNION ALL
         SELECT closed_cases.case_id,
            closed_cases.number
           FROM views.closed_cases
        UNION ALL
         SELECT problems.id,
            problems.number
           FROM views.problems) n ON ((n.id = e.originator_id)))
  WHERE (e.notification_id <= ( SELECT t."position"
           FROM views.tracking t));

ALTER VIEW reporting.events OWNER TO desk_projector;

COMMENT ON VIEW reporting.events IS 'One row an event of the record, without its words. Positions grow with time; a position may be missing.';

COMMENT ON COLUMN reporting.events."position" IS 'Its place in the record. Unique.';

COMMENT ON COLUMN reporting.events.stream IS 'The aggregate that it belongs to: a case, a problem, a mail, a service and so on.';

COMMENT ON COLUMN reporting.events.number IS 'The number of a case or a problem; null for other streams.';

COMMENT ON COLUMN reporting.events.version IS 'Its place in its stream, from 1.';

COMMENT ON COLUMN reporting.events.topic IS 'What happened, such as case.resolved (docs/events.md).';

COMMENT ON COLUMN reporting.events.occurred_at IS 'When it happened: the source''s time for imported events, else recorded_at.';

COMMENT ON COLUMN reporting.events.recorded_at IS 'When it was recorded.';

COMMENT ON COLUMN reporting.events.actor IS 'The staff member or the process that caused it; null for customers and for people of other systems.';

COMMENT ON COLUMN reporting.events.role IS 'In which role.';

COMMENT ON COLUMN reporting.events.team IS 'Of which team, where that matters.';

COMMENT ON COLUMN reporting.events.interface IS 'The interface that it came through, such as http, mail or import.';

COMMENT ON COLUMN reporting.events.channel IS 'The customer''s channel, where they spoke.';

COMMENT ON COLUMN reporting.events.caused_by IS 'Automatic events: the position of the event that caused this one.';

COMMENT ON COLUMN reporting.events.imported IS 'Whether it comes from another system''s history.';

CREATE TABLE views.happenings (
    "position" bigint NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    case_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    seconds double precision,
    imported boolean NOT NULL,
    priority smallint,
    team text,
    service text,
    channel text NOT NULL,
    agency text
);

ALTER TABLE views.happenings OWNER TO desk_projector;

CREATE VIEW reporting.happenings AS
 SELECT h."position",
    h.kind,
    h.value,
    c.number,
    h.case_id,
    h.at AS happened_at,
    (h.seconds / (3600)::double precision) AS hours,
    h.imported,
    h.priority,
    h.team,
    h.service,
    h.channel,
    h.agency
   FROM (views.happenings h
     JOIN ( SELECT open_cases.case_id,
            open_cases.number
           FROM views.open_cases
        UNION ALL
         SELECT closed_cases.case_id,
            closed_cases.number
           FROM views.closed_cases) c USING (case_id));

ALTER VIEW reporting.happenings OWNER TO desk_projector;

COMMENT ON VIEW reporting.happenings IS 'One row for something that befell a case at a moment, with the case as it stood then.';

COMMENT ON COLUMN reporting.happenings."position" IS 'The position of the event. Unique with kind and value.';

COMMENT ON COLUMN reporting.happenings.kind IS 'assigned, handed_back, notified, notification_failed, major, closed_by_timer or deviation.';

COMMENT ON COLUMN reporting.happenings.value IS 'Of `major`: nominated, declared or rejected; of `deviation` its name; else empty.';

COMMENT ON COLUMN reporting.happenings.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.happenings.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.happenings.happened_at IS 'When it happened.';

COMMENT ON COLUMN reporting.happenings.hours IS 'Of `closed_by_timer`: hours from the end of the dispute window to the closure.';

COMMENT ON COLUMN reporting.happenings.imported IS 'Whether it comes from another system''s history.';

COMMENT ON COLUMN reporting.happenings.priority IS 'The priority then.';

COMMENT ON COLUMN reporting.happenings.team IS 'The team then; of `handed_back` the team that gave it back.';

COMMENT ON COLUMN reporting.happenings.service IS 'The service then.';

COMMENT ON COLUMN reporting.happenings.channel IS 'As in cases.';

COMMENT ON COLUMN reporting.happenings.agency IS 'The customer''s agency then.';

CREATE TABLE views.obligations (
    case_id uuid NOT NULL,
    key text NOT NULL,
    positions int8range NOT NULL,
    since timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    renewed boolean NOT NULL,
    due_at timestamp with time zone NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    role text NOT NULL,
    team text
);

ALTER TABLE views.obligations OWNER TO desk_projector;

CREATE VIEW reporting.obligations AS
 SELECT number,
    case_id,
    key,
    kind,
    about,
    role,
    team,
    lower(positions) AS from_position,
    upper(positions) AS until_position,
    since,
    due_at,
    settled_at,
    renewed
   FROM views.obligations;

ALTER VIEW reporting.obligations OWNER TO desk_projector;

COMMENT ON VIEW reporting.obligations IS 'One row an obligation, from the event that creates it to the one that ends it.';

COMMENT ON COLUMN reporting.obligations.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.obligations.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.obligations.key IS 'What it is about, within its case. Unique with case_id and from_position.';

COMMENT ON COLUMN reporting.obligations.kind IS 'What is owed, such as communicate, review_major or read_answer.';

COMMENT ON COLUMN reporting.obligations.about IS 'What it refers to, such as another case; empty where its kind says all.';

COMMENT ON COLUMN reporting.obligations.role IS 'The role that owes it.';

COMMENT ON COLUMN reporting.obligations.team IS 'The team that owes it; null for the desk.';

COMMENT ON COLUMN reporting.obligations.from_position IS 'The position of the event that creates it.';

COMMENT ON COLUMN reporting.obligations.until_position IS 'The position of the event that ends it; null while it stands.';

COMMENT ON COLUMN reporting.obligations.since IS 'Since when it stands.';

COMMENT ON COLUMN reporting.obligations.due_at IS 'When it is due.';

COMMENT ON COLUMN reporting.obligations.settled_at IS 'When it ended; null while it stands.';

COMMENT ON COLUMN reporting.obligations.renewed IS 'Whether it ended because the same is owed again with another due time.';

CREATE TABLE views.outbox (
    id uuid NOT NULL,
    version bigint NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    accepted_at timestamp with time zone,
    attempts integer NOT NULL,
    outcome text NOT NULL,
    kind text NOT NULL,
    number text NOT NULL,
    message_id text NOT NULL
);

ALTER TABLE views.outbox OWNER TO desk_projector;

CREATE VIEW reporting.outbox AS
 SELECT number,
    id AS message,
    kind,
    outcome,
    attempts,
    queued_at,
    due_at,
    accepted_at
   FROM views.outbox;

ALTER VIEW reporting.outbox OWNER TO desk_projector;

COMMENT ON VIEW reporting.outbox IS 'One row a mail to a customer.';

COMMENT ON COLUMN reporting.outbox.number IS 'The case that it is about.';

COMMENT ON COLUMN reporting.outbox.message IS 'The stream of its events.';

COMMENT ON COLUMN reporting.outbox.kind IS 'What it says, such as acknowledged or resolved.';

COMMENT ON COLUMN reporting.outbox.outcome IS 'queued, accepted, bounced or withdrawn.';

COMMENT ON COLUMN reporting.outbox.attempts IS 'How often it was tried.';

COMMENT ON COLUMN reporting.outbox.queued_at IS 'When it was queued.';

COMMENT ON COLUMN reporting.outbox.due_at IS 'The next attempt; null when there is none.';

COMMENT ON COLUMN reporting.outbox.accepted_at IS 'When the mail server accepted it.';

CREATE VIEW reporting."position" AS
 SELECT "position",
    events
   FROM views.tracking;

ALTER VIEW reporting."position" OWNER TO desk_projector;

COMMENT ON VIEW reporting."position" IS 'One row in all: the position up to which all views are folded.';

COMMENT ON COLUMN reporting."position"."position" IS 'The last folded event.';

COMMENT ON COLUMN reporting."position".events IS 'How many events are folded.';

CREATE VIEW reporting.problem_incidents AS
 SELECT number AS problem,
    unnest(incidents) AS number
   FROM views.problems;

ALTER VIEW reporting.problem_incidents OWNER TO desk_projector;

COMMENT ON VIEW reporting.problem_incidents IS 'One row an incident of a Problem Case.';

COMMENT ON COLUMN reporting.problem_incidents.problem IS 'The problem, as in problems.';

COMMENT ON COLUMN reporting.problem_incidents.number IS 'The incident, as in cases.';

CREATE VIEW reporting.problems AS
 SELECT number,
    id AS problem_id,
    version,
    status,
    priority,
    service,
    known_error,
    cardinality(incidents) AS incidents,
    opened_at,
    resolved_at,
    closed_at
   FROM views.problems;

ALTER VIEW reporting.problems OWNER TO desk_projector;

COMMENT ON VIEW reporting.problems IS 'One row a Problem Case, as it is now.';

COMMENT ON COLUMN reporting.problems.number IS 'Its number, such as PRB-0000007. Unique.';

COMMENT ON COLUMN reporting.problems.problem_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.problems.version IS 'How many events it has.';

COMMENT ON COLUMN reporting.problems.status IS 'open, investigated, known_error, resolved or closed.';

COMMENT ON COLUMN reporting.problems.priority IS '1 (highest) to 4; null before it is assessed.';

COMMENT ON COLUMN reporting.problems.service IS 'The service, as in services.';

COMMENT ON COLUMN reporting.problems.known_error IS 'The number of the known error published of it.';

COMMENT ON COLUMN reporting.problems.incidents IS 'How many incidents are linked to it.';

COMMENT ON COLUMN reporting.problems.opened_at IS 'When it was opened.';

COMMENT ON COLUMN reporting.problems.resolved_at IS 'When it was resolved; null until then.';

COMMENT ON COLUMN reporting.problems.closed_at IS 'When it was closed; null until then.';

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
    source_seconds double precision,
    first_contact boolean NOT NULL,
    cause_corrected text NOT NULL,
    verifier text,
    problem text,
    first_resolved_at timestamp with time zone,
    superseded boolean NOT NULL,
    business_seconds double precision,
    first_net_seconds double precision,
    first_business_seconds double precision,
    disputed_position bigint
);

ALTER TABLE views.resolutions OWNER TO desk_projector;

CREATE VIEW reporting.resolutions AS
 SELECT number,
    case_id,
    episode,
    "position",
    received_at,
    resolved_at,
    first_resolved_at,
    (net_seconds / (3600)::double precision) AS net_hours,
    code,
    cause_corrected,
    problem,
    verifier,
    first_contact,
    superseded,
    ended_at,
    COALESCE(reopened, false) AS reopened,
    reopened_after_closure_at,
    (source_seconds / (3600)::double precision) AS source_hours
   FROM views.resolutions;

ALTER VIEW reporting.resolutions OWNER TO desk_projector;

COMMENT ON VIEW reporting.resolutions IS 'One row a stay of a case in `resolved` (an episode).';

COMMENT ON COLUMN reporting.resolutions.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.resolutions.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.resolutions.episode IS 'Its stays, counted from 1. Unique with case_id.';

COMMENT ON COLUMN reporting.resolutions."position" IS 'The position of the resolution.';

COMMENT ON COLUMN reporting.resolutions.received_at IS 'When the case was received.';

COMMENT ON COLUMN reporting.resolutions.resolved_at IS 'When it was resolved.';

COMMENT ON COLUMN reporting.resolutions.first_resolved_at IS 'When it was first resolved as an incident, up to this stay; null before.';

COMMENT ON COLUMN reporting.resolutions.net_hours IS 'Hours from receipt to this resolution, less pauses and less earlier stays in `resolved`.';

COMMENT ON COLUMN reporting.resolutions.code IS 'fixed, workaround, averted, not_reproducible and so on; `referred`, `duplicate` and `reclassified_request` are no incidents, and reports leave them out.';

COMMENT ON COLUMN reporting.resolutions.cause_corrected IS 'yes, no, unknown or not_recorded.';

COMMENT ON COLUMN reporting.resolutions.problem IS 'The Problem Case that it was linked to.';

COMMENT ON COLUMN reporting.resolutions.verifier IS 'Who verified: customer, technician, unreachable and so on; null where nobody did.';

COMMENT ON COLUMN reporting.resolutions.first_contact IS 'Whether the desk resolved it itself, never assigned to a team.';

COMMENT ON COLUMN reporting.resolutions.superseded IS 'Whether another stay follows.';

COMMENT ON COLUMN reporting.resolutions.ended_at IS 'When the stay ended; null while it lasts.';

COMMENT ON COLUMN reporting.resolutions.reopened IS 'Whether it ended in a reopening, not in a closure.';

COMMENT ON COLUMN reporting.resolutions.reopened_after_closure_at IS 'When the closed case was first opened again; null where it was not.';

COMMENT ON COLUMN reporting.resolutions.source_hours IS 'Imported cases: the source''s own resolved_at minus opened_at, in hours.';

CREATE VIEW reporting.resolved_without_problem AS
 SELECT number,
    case_id,
    episode,
    resolved_at,
    code,
    cause_corrected
   FROM views.resolutions
  WHERE ((code = ANY (ARRAY['fixed'::text, 'workaround'::text])) AND (cause_corrected = ANY (ARRAY['no'::text, 'unknown'::text])) AND (problem IS NULL));

ALTER VIEW reporting.resolved_without_problem OWNER TO desk_projector;

COMMENT ON VIEW reporting.resolved_without_problem IS 'Always empty: resolutions whose cause was not corrected, without a problem (R-5.8.1a). A row is a fault of the desk.';

COMMENT ON COLUMN reporting.resolved_without_problem.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.resolved_without_problem.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.resolved_without_problem.episode IS 'As in resolutions.';

COMMENT ON COLUMN reporting.resolved_without_problem.resolved_at IS 'As in resolutions.';

COMMENT ON COLUMN reporting.resolved_without_problem.code IS 'As in resolutions.';

COMMENT ON COLUMN reporting.resolved_without_problem.cause_corrected IS 'As in resolutions.';

CREATE VIEW reporting.services AS
 SELECT (entry ->> 'id'::text) AS service,
    (entry ->> 'name'::text) AS name,
    (entry ->> 'team'::text) AS team,
    (entry ->> 'owner'::text) AS owner,
    COALESCE((entry ->> 'criticality'::text), 'normal'::text) AS criticality,
        CASE
            WHEN (entry ? 'calendar'::text) THEN (entry ->> 'calendar'::text)
            ELSE 'business'::text
        END AS calendar,
    COALESCE((entry ->> 'help_desk'::text), 'desk'::text) AS help_desk,
    COALESCE(((entry ->> 'retired'::text))::boolean, false) AS retired,
    version,
    recorded_at AS changed_at
   FROM ( SELECT DISTINCT ON (stored_events.originator_id) stored_events.originator_version AS version,
            stored_events.recorded_at,
            ((convert_from(stored_events.state, 'UTF8'::name))::jsonb -> 'entry'::text) AS entry
           FROM ledger.stored_events
          WHERE ((split_part(stored_events.topic, '.'::text, 1) = ANY (ledger.reference_topics())) AND (split_part(stored_events.topic, '.'::text, 1) = 'service'::text) AND (stored_events.notification_id <= ( SELECT t."position"
                   FROM views.tracking t)))
          ORDER BY stored_events.originator_id, stored_events.originator_version DESC) latest
  WHERE (entry IS NOT NULL);

ALTER VIEW reporting.services OWNER TO desk_projector;

COMMENT ON VIEW reporting.services IS 'One row a service of the catalogue, as it is now.';

COMMENT ON COLUMN reporting.services.service IS 'Its id, as in cases. Unique.';

COMMENT ON COLUMN reporting.services.name IS 'Its published name.';

COMMENT ON COLUMN reporting.services.team IS 'The team that owns it.';

COMMENT ON COLUMN reporting.services.owner IS 'The staff member who owns it.';

COMMENT ON COLUMN reporting.services.criticality IS 'One of the policy''s criticalities.';

COMMENT ON COLUMN reporting.services.calendar IS 'business or always; null for its team''s.';

COMMENT ON COLUMN reporting.services.help_desk IS 'The help desk that serves it: desk for this one.';

COMMENT ON COLUMN reporting.services.retired IS 'Whether it is no longer in use.';

COMMENT ON COLUMN reporting.services.version IS 'The version of the entry.';

COMMENT ON COLUMN reporting.services.changed_at IS 'When that version was recorded.';

CREATE TABLE views.targets (
    number text NOT NULL,
    kind text NOT NULL,
    due_at timestamp with time zone,
    warning_at timestamp with time zone,
    waits text DEFAULT ''::text NOT NULL,
    warned timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    breached timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    next_at timestamp with time zone GENERATED ALWAYS AS (
CASE
    WHEN (due_at = ANY (breached)) THEN NULL::timestamp with time zone
    WHEN (due_at = ANY (warned)) THEN due_at
    ELSE LEAST(warning_at, due_at)
END) STORED
)
WITH (autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE views.targets OWNER TO desk_projector;

CREATE VIEW reporting.target_breaches AS
 SELECT number,
    kind,
    unnest(breached) AS due_at
   FROM views.targets t;

ALTER VIEW reporting.target_breaches OWNER TO desk_projector;

COMMENT ON VIEW reporting.target_breaches IS 'One row a breach of a target on record, whatever became of the case.';

COMMENT ON COLUMN reporting.target_breaches.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.target_breaches.kind IS 'respond (the first contact) or resolve.';

COMMENT ON COLUMN reporting.target_breaches.due_at IS 'When the target was due. Unique with number and kind.';

CREATE VIEW reporting.teams AS
 SELECT (entry ->> 'id'::text) AS team,
    (entry ->> 'name'::text) AS name,
    COALESCE(jsonb_array_length((entry -> 'members'::text)), 0) AS members,
        CASE
            WHEN (entry ? 'calendar'::text) THEN (entry ->> 'calendar'::text)
            ELSE 'business'::text
        END AS calendar,
    COALESCE(((entry ->> 'retired'::text))::boolean, false) AS retired,
    version,
    recorded_at AS changed_at
   FROM ( SELECT DISTINCT ON (stored_events.originator_id) stored_events.originator_version AS version,
            stored_events.recorded_at,
            ((convert_from(stored_events.state, 'UTF8'::name))::jsonb -> 'entry'::text) AS entry
           FROM ledger.stored_events
          WHERE ((split_part(stored_events.topic, '.'::text, 1) = ANY (ledger.reference_topics())) AND (split_part(stored_events.topic, '.'::text, 1) = 'team'::text) AND (stored_events.notification_id <= ( SELECT t."position"
                   FROM views.tracking t)))
          ORDER BY stored_events.originator_id, stored_events.originator_version DESC) latest
  WHERE (entry IS NOT NULL);

ALTER VIEW reporting.teams OWNER TO desk_projector;

COMMENT ON VIEW reporting.teams IS 'One row a service team, as it is now.';

COMMENT ON COLUMN reporting.teams.team IS 'Its id, as in cases. Unique.';

COMMENT ON COLUMN reporting.teams.name IS 'Its published name.';

COMMENT ON COLUMN reporting.teams.members IS 'How many people the catalogue lists.';

COMMENT ON COLUMN reporting.teams.calendar IS 'business or always; null for the policy''s.';

COMMENT ON COLUMN reporting.teams.retired IS 'Whether it is no longer in use.';

COMMENT ON COLUMN reporting.teams.version IS 'The version of the entry.';

COMMENT ON COLUMN reporting.teams.changed_at IS 'When that version was recorded.';

CREATE VIEW reporting.unowned_cases AS
 SELECT number,
    case_id,
    status,
    queue,
    team
   FROM views.open_cases
  WHERE ((queue IS NULL) OR ((status = 'assigned'::text) AND (team IS NULL)));

ALTER VIEW reporting.unowned_cases OWNER TO desk_projector;

COMMENT ON VIEW reporting.unowned_cases IS 'Always empty: open cases in no queue, or assigned to no team (R-6b). A row is a fault of the desk.';

COMMENT ON COLUMN reporting.unowned_cases.number IS 'The case''s number.';

COMMENT ON COLUMN reporting.unowned_cases.case_id IS 'The stream of its events.';

COMMENT ON COLUMN reporting.unowned_cases.status IS 'As in cases.';

COMMENT ON COLUMN reporting.unowned_cases.queue IS 'As in cases.';

COMMENT ON COLUMN reporting.unowned_cases.team IS 'As in cases.';

CREATE TABLE tlog.checkpoints (
    log integer NOT NULL,
    size bigint NOT NULL,
    "position" bigint NOT NULL,
    sealed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    note text NOT NULL
);

ALTER TABLE tlog.checkpoints OWNER TO desk_owner;

CREATE TABLE tlog.cosignatures (
    log integer NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tlog.cosignatures OWNER TO desk_owner;

CREATE TABLE tlog.entries (
    log integer NOT NULL,
    first bigint NOT NULL,
    first_position bigint NOT NULL,
    width smallint NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT entries_width_check CHECK (((width >= 1) AND (width <= 256)))
);
ALTER TABLE ONLY tlog.entries ALTER COLUMN data SET STORAGE EXTERNAL;

ALTER TABLE tlog.entries OWNER TO desk_owner;

CREATE TABLE tlog.hashes (
    log integer NOT NULL,
    level smallint NOT NULL,
    first bigint NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY tlog.hashes ALTER COLUMN data SET STORAGE EXTERNAL;

ALTER TABLE tlog.hashes OWNER TO desk_owner;

CREATE TABLE tlog.logs (
    log integer NOT NULL,
    origin text NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tlog.logs OWNER TO desk_owner;

CREATE TABLE tlog.timestamps (
    log integer NOT NULL,
    size bigint NOT NULL,
    authority text NOT NULL,
    reply bytea NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE tlog.timestamps OWNER TO desk_owner;

CREATE TABLE vault.blobs (
    originator_id uuid NOT NULL,
    originator_version integer NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    beginning integer GENERATED ALWAYS AS (((((get_byte(digest, 0) << 24) | (get_byte(digest, 1) << 16)) | (get_byte(digest, 2) << 8)) | get_byte(digest, 3))) STORED NOT NULL
);
ALTER TABLE ONLY vault.blobs ALTER COLUMN content SET STATISTICS 0;
ALTER TABLE ONLY vault.blobs ALTER COLUMN content SET STORAGE EXTERNAL;

ALTER TABLE vault.blobs OWNER TO desk_owner;

CREATE TABLE vault.disclosures (
    originator_id uuid NOT NULL,
    originator_version integer NOT NULL,
    digest bytea NOT NULL,
    salt bytea NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    value text NOT NULL,
    beginning integer GENERATED ALWAYS AS (((((get_byte(digest, 0) << 24) | (get_byte(digest, 1) << 16)) | (get_byte(digest, 2) << 8)) | get_byte(digest, 3))) STORED NOT NULL
);

ALTER TABLE vault.disclosures OWNER TO desk_owner;

CREATE TABLE vault.pseudonym_key (
    one boolean DEFAULT true NOT NULL,
    key bytea DEFAULT (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) NOT NULL,
    CONSTRAINT pseudonym_key_one_check CHECK (one)
);

ALTER TABLE vault.pseudonym_key OWNER TO desk_owner;

CREATE TABLE vault.reads (
    read_id bigint NOT NULL,
    read_at timestamp with time zone NOT NULL,
    reader text NOT NULL,
    role text NOT NULL,
    team text,
    through text NOT NULL,
    what text NOT NULL,
    about text NOT NULL,
    customer text,
    version bigint,
    "position" bigint
);

ALTER TABLE vault.reads OWNER TO desk_owner;

ALTER TABLE vault.reads ALTER COLUMN read_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME vault.reads_read_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE views.case_counts (
    status text NOT NULL,
    priority smallint NOT NULL,
    cases bigint NOT NULL,
    events bigint NOT NULL
);

ALTER TABLE views.case_counts OWNER TO desk_projector;

CREATE TABLE views.case_texts (
    case_id uuid NOT NULL,
    lexemes tsvector NOT NULL
);

ALTER TABLE views.case_texts OWNER TO desk_projector;

CREATE TABLE views.known_errors (
    problem_id uuid NOT NULL,
    version bigint NOT NULL,
    known_error text NOT NULL,
    title text NOT NULL,
    symptoms text NOT NULL,
    workaround text NOT NULL,
    words text GENERATED ALWAYS AS (((((title || ' '::text) || symptoms) || ' '::text) || workaround)) STORED NOT NULL,
    lexemes tsvector GENERATED ALWAYS AS (((setweight(search.lexemes(title), 'A'::"char") || setweight(search.lexemes(symptoms), 'B'::"char")) || setweight(search.lexemes(workaround), 'C'::"char"))) STORED NOT NULL
);

ALTER TABLE views.known_errors OWNER TO desk_projector;

CREATE TABLE views.open_reports (
    case_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    number text NOT NULL,
    service text,
    external_ref text,
    terms integer[] NOT NULL
);

ALTER TABLE views.open_reports OWNER TO desk_projector;

CREATE TABLE views.open_terms (
    term integer NOT NULL,
    cases integer NOT NULL
)
WITH (fillfactor='80');

ALTER TABLE views.open_terms OWNER TO desk_projector;

CREATE TABLE views.quarantine (
    id uuid NOT NULL,
    version bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    size bigint NOT NULL,
    channel text NOT NULL,
    cause text,
    suggestion text,
    recorded boolean DEFAULT false NOT NULL
);

ALTER TABLE views.quarantine OWNER TO desk_projector;

CREATE TABLE views.report_answers (
    answer integer NOT NULL,
    report text NOT NULL,
    by text NOT NULL,
    definition text NOT NULL,
    "position" bigint NOT NULL,
    moment timestamp with time zone NOT NULL,
    waiting uuid[] NOT NULL,
    rows jsonb NOT NULL
);

ALTER TABLE views.report_answers OWNER TO desk_projector;

CREATE TABLE views.report_windows (
    answer integer NOT NULL,
    key text NOT NULL,
    figure text NOT NULL,
    fraction double precision NOT NULL,
    count bigint NOT NULL,
    first bigint NOT NULL,
    part double precision[] NOT NULL
);

ALTER TABLE views.report_windows OWNER TO desk_projector;

CREATE TABLE views.value_counts (
    name text NOT NULL,
    value text NOT NULL,
    cases bigint NOT NULL,
    closed bigint NOT NULL
);

ALTER TABLE views.value_counts OWNER TO desk_projector;

CREATE TABLE views.words (
    word text NOT NULL COLLATE pg_catalog."C",
    cases integer NOT NULL
)
WITH (fillfactor='80');

ALTER TABLE views.words OWNER TO desk_projector;

CREATE TABLE webhooks.attempts (
    attempt_id bigint NOT NULL,
    webhook text NOT NULL,
    lane bigint NOT NULL,
    "position" bigint NOT NULL,
    topic text NOT NULL,
    message text NOT NULL,
    attempt integer NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    milliseconds integer NOT NULL,
    status smallint,
    error text,
    accepted boolean NOT NULL
);

ALTER TABLE webhooks.attempts OWNER TO desk_owner;

ALTER TABLE webhooks.attempts ALTER COLUMN attempt_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME webhooks.attempts_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE webhooks.lanes (
    webhook text NOT NULL,
    lane bigint NOT NULL,
    "position" bigint NOT NULL,
    until bigint,
    failures integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    version bigint DEFAULT 0 NOT NULL
);

ALTER TABLE webhooks.lanes OWNER TO desk_owner;

CREATE TABLE webhooks.standings (
    webhook text NOT NULL,
    pause text
);

ALTER TABLE webhooks.standings OWNER TO desk_owner;

ALTER TABLE ONLY ledger.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY ledger.numbers
    ADD CONSTRAINT numbers_originator_id_key UNIQUE (originator_id);

ALTER TABLE ONLY ledger.numbers
    ADD CONSTRAINT numbers_pkey PRIMARY KEY (number);

ALTER TABLE ONLY ledger.stored_events
    ADD CONSTRAINT stored_events_pkey PRIMARY KEY (originator_id, originator_version);

ALTER TABLE ONLY operations.schema
    ADD CONSTRAINT schema_pkey PRIMARY KEY (one);

ALTER TABLE ONLY operations.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (kind, item);

ALTER TABLE ONLY operations.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (worker);

ALTER TABLE ONLY tlog.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (log, size);

ALTER TABLE ONLY tlog.cosignatures
    ADD CONSTRAINT cosignatures_pkey PRIMARY KEY (log, size, witness);

ALTER TABLE ONLY tlog.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (log, first);

ALTER TABLE ONLY tlog.hashes
    ADD CONSTRAINT hashes_pkey PRIMARY KEY (log, level, first);

ALTER TABLE ONLY tlog.logs
    ADD CONSTRAINT logs_origin_key UNIQUE (origin);

ALTER TABLE ONLY tlog.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (log);

ALTER TABLE ONLY tlog.timestamps
    ADD CONSTRAINT timestamps_pkey PRIMARY KEY (log, size, authority);

ALTER TABLE ONLY vault.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (originator_id, originator_version, beginning);

ALTER TABLE ONLY vault.disclosures
    ADD CONSTRAINT disclosures_pkey PRIMARY KEY (originator_id, originator_version, beginning);

ALTER TABLE ONLY vault.pseudonym_key
    ADD CONSTRAINT pseudonym_key_pkey PRIMARY KEY (one);

ALTER TABLE ONLY vault.reads
    ADD CONSTRAINT reads_pkey PRIMARY KEY (read_id);

ALTER TABLE ONLY views.case_counts
    ADD CONSTRAINT case_counts_pkey PRIMARY KEY (status, priority);

ALTER TABLE ONLY views.case_facts
    ADD CONSTRAINT case_facts_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY views.case_intervals
    ADD CONSTRAINT case_intervals_pkey PRIMARY KEY (until_position);

ALTER TABLE views.case_intervals CLUSTER ON case_intervals_pkey;

ALTER TABLE ONLY views.case_texts
    ADD CONSTRAINT case_texts_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY views.closed_cases
    ADD CONSTRAINT closed_cases_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY views.happenings
    ADD CONSTRAINT happenings_pkey PRIMARY KEY ("position", kind, value);

ALTER TABLE ONLY views.known_errors
    ADD CONSTRAINT known_errors_pkey PRIMARY KEY (problem_id);

ALTER TABLE ONLY views.obligations
    ADD CONSTRAINT obligations_pkey PRIMARY KEY (case_id, key, positions);

ALTER TABLE ONLY views.open_cases
    ADD CONSTRAINT open_cases_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY views.open_reports
    ADD CONSTRAINT open_reports_pkey PRIMARY KEY (case_id);

ALTER TABLE ONLY views.open_terms
    ADD CONSTRAINT open_terms_pkey PRIMARY KEY (term);

ALTER TABLE ONLY views.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY views.problems
    ADD CONSTRAINT problems_number_key UNIQUE (number);

ALTER TABLE ONLY views.problems
    ADD CONSTRAINT problems_pkey PRIMARY KEY (id);

ALTER TABLE ONLY views.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (id);

ALTER TABLE ONLY views.report_answers
    ADD CONSTRAINT report_answers_pkey PRIMARY KEY (answer);

ALTER TABLE ONLY views.resolutions
    ADD CONSTRAINT resolutions_pkey PRIMARY KEY (case_id, episode);

ALTER TABLE ONLY views.targets
    ADD CONSTRAINT targets_pkey PRIMARY KEY (number, kind);

ALTER TABLE ONLY views.tracking
    ADD CONSTRAINT tracking_pkey PRIMARY KEY (one);

ALTER TABLE ONLY views.value_counts
    ADD CONSTRAINT value_counts_pkey PRIMARY KEY (name, value);

ALTER TABLE ONLY views.words
    ADD CONSTRAINT words_pkey PRIMARY KEY (word);

ALTER TABLE ONLY webhooks.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (attempt_id);

ALTER TABLE ONLY webhooks.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (webhook, lane);

ALTER TABLE ONLY webhooks.standings
    ADD CONSTRAINT standings_pkey PRIMARY KEY (webhook);

CREATE INDEX approvals_idx ON ledger.stored_events USING btree (notification_id) WHERE (topic = 'approval.opened'::text);

CREATE INDEX idempotency_recorded_at_idx ON ledger.idempotency USING btree (recorded_at);

CREATE INDEX milestones_idx ON ledger.stored_events USING btree (recorded_at, notification_id) WHERE ((notification_id % (32)::bigint) = 0);

CREATE INDEX quarantined_mail_idx ON ledger.stored_events USING btree (ledger.keeps_open(state)) WHERE (topic = 'intake.quarantined'::text);

CREATE INDEX reference_events_idx ON ledger.stored_events USING btree (notification_id) WHERE (split_part(topic, '.'::text, 1) = ANY (ARRAY['service'::text, 'team'::text, 'help_desk'::text, 'script'::text, 'policy'::text, 'access'::text, 'source'::text, 'webhook'::text]));

CREATE UNIQUE INDEX stored_events_notification_id_idx ON ledger.stored_events USING btree (notification_id);

CREATE UNIQUE INDEX entries_position_idx ON tlog.entries USING btree (log, first_position);

CREATE INDEX disclosures_subject_idx ON vault.disclosures USING btree (subject);

CREATE INDEX reads_about_idx ON vault.reads USING btree (about, read_id);

CREATE INDEX reads_at_idx ON vault.reads USING brin (read_at);

CREATE INDEX reads_customer_idx ON vault.reads USING btree (customer, read_id) WHERE (customer IS NOT NULL);

CREATE INDEX reads_reader_idx ON vault.reads USING btree (reader, read_id);

CREATE INDEX case_lexemes_idx ON views.case_texts USING gin (lexemes) WITH (fastupdate='on', gin_pending_list_limit='64');

CREATE INDEX closed_agency_idx ON views.closed_cases USING btree (agency);

CREATE INDEX closed_channel_idx ON views.closed_cases USING btree (channel);

CREATE INDEX closed_customer_idx ON views.closed_cases USING btree (customer);

CREATE INDEX closed_due_idx ON views.closed_cases USING btree (resolve_by, number);

CREATE INDEX closed_impact_idx ON views.closed_cases USING btree (impact);

CREATE INDEX closed_major_idx ON views.closed_cases USING btree (major) WHERE (major IS NOT NULL);

CREATE UNIQUE INDEX closed_number_idx ON views.closed_cases USING btree (number);

CREATE INDEX closed_pending_idx ON views.closed_cases USING btree (pending_reason) WHERE (pending_reason IS NOT NULL);

CREATE INDEX closed_priority_idx ON views.closed_cases USING btree (priority, number);

CREATE INDEX closed_received_idx ON views.closed_cases USING btree (received_at, number);

CREATE INDEX closed_ref_idx ON views.closed_cases USING btree (external_ref) WHERE (external_ref IS NOT NULL);

CREATE INDEX closed_service_idx ON views.closed_cases USING btree (service);

CREATE INDEX closed_severity_idx ON views.closed_cases USING btree (severity);

CREATE INDEX closed_team_idx ON views.closed_cases USING btree (team);

CREATE INDEX closed_technician_idx ON views.closed_cases USING btree (technician);

CREATE INDEX closed_updated_idx ON views.closed_cases USING btree (updated_at, number);

CREATE INDEX facts_again_idx ON views.case_facts USING btree (case_id) WHERE (episodes > 1);

CREATE INDEX facts_position_idx ON views.case_facts USING btree ("position");

CREATE INDEX facts_received_idx ON views.case_facts USING btree (received_at);

CREATE INDEX facts_resolved_idx ON views.case_facts USING btree (resolved_at);

CREATE INDEX facts_settled_idx ON views.case_facts USING btree (settled_at);

CREATE INDEX facts_turns_idx ON views.case_facts USING btree (case_id) WHERE (turns IS NOT NULL);

CREATE INDEX happening_at_idx ON views.happenings USING btree (kind, at);

CREATE INDEX interval_case_idx ON views.case_intervals USING btree (case_id);

CREATE INDEX interval_until_idx ON views.case_intervals USING brin (until) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX known_error_lexemes_idx ON views.known_errors USING gin (lexemes);

CREATE INDEX known_error_trigrams_idx ON views.known_errors USING gin (words extensions.gin_trgm_ops);

CREATE INDEX long_interval_idx ON views.case_intervals USING gist (int8range("position", until_position), tstzrange(since, until, '[]'::text)) WHERE (((until_position - "position") >= 16384) OR ((until - since) >= '7 days'::interval));

CREATE INDEX long_obligation_idx ON views.obligations USING gist (due_at, positions, tstzrange(since, settled_at, '[]'::text)) WHERE ((NOT upper_inf(positions)) AND (((upper(positions) - lower(positions)) >= 16384) OR ((settled_at - since) >= '7 days'::interval)));

CREATE INDEX long_stay_idx ON views.case_intervals USING gist (queue, rank, int8range(stay_position, until_position), tstzrange(stay_since, until, '[]'::text)) WHERE (((until_position - stay_position) >= 16384) OR ((until - stay_since) >= '7 days'::interval));

CREATE INDEX middling_stay_idx ON views.case_intervals USING btree (queue, until_position) WHERE ((until_position - stay_position) >= 2048);

CREATE INDEX obligation_now_idx ON views.obligations USING btree (due_at, number, key) WHERE upper_inf(positions);

CREATE INDEX obligation_settled_idx ON views.obligations USING btree (settled_at) WHERE (NOT upper_inf(positions));

CREATE INDEX obligation_until_idx ON views.obligations USING btree (upper(positions)) WHERE (NOT upper_inf(positions));

CREATE INDEX open_closes_idx ON views.open_cases USING btree (closes_at) WHERE (closes_at IS NOT NULL);

CREATE INDEX open_customer_idx ON views.open_cases USING btree (customer);

CREATE INDEX open_due_idx ON views.open_cases USING btree (resolve_by, number) WHERE (status <> 'resolved'::text);

CREATE UNIQUE INDEX open_number_idx ON views.open_cases USING btree (number);

CREATE INDEX open_queue_idx ON views.open_cases USING btree (queue, COALESCE((priority)::integer, 9), received_at, number);

CREATE INDEX open_report_ref_idx ON views.open_reports USING btree (external_ref, received_at) WHERE (external_ref IS NOT NULL);

CREATE INDEX open_report_terms_idx ON views.open_reports USING gin (terms) WITH (fastupdate=off);

CREATE INDEX open_soonest_idx ON views.open_cases USING btree (due_at, number) WHERE (status <> 'resolved'::text);

CREATE INDEX open_stay_idx ON views.open_cases USING btree (queue, stay_position);

CREATE INDEX open_technician_idx ON views.open_cases USING btree (technician);

CREATE INDEX outbox_due_idx ON views.outbox USING btree (due_at, id) WHERE (due_at IS NOT NULL);

CREATE INDEX outbox_number_idx ON views.outbox USING btree (number);

CREATE INDEX quarantine_waiting_idx ON views.quarantine USING btree (recorded, received_at, id) WHERE (cause IS NOT NULL);

CREATE INDEX report_windows_idx ON views.report_windows USING btree (answer);

CREATE INDEX resolution_reopened_idx ON views.resolutions USING btree (case_id) WHERE (reopened OR (reopened_after_closure_position IS NOT NULL));

CREATE INDEX target_next_idx ON views.targets USING btree (waits, next_at) WHERE (next_at IS NOT NULL);

CREATE INDEX word_trigrams_idx ON views.words USING gin (word extensions.gin_trgm_ops) WITH (fastupdate='on', gin_pending_list_limit='64');

CREATE INDEX attempted_idx ON webhooks.attempts USING btree (attempted_at);

CREATE INDEX webhook_attempts_idx ON webhooks.attempts USING btree (webhook, attempt_id);

CREATE STATISTICS views.closed_cases_priority_impact_severity_stat (mcv) ON priority, impact, severity FROM views.closed_cases;

ALTER STATISTICS views.closed_cases_priority_impact_severity_stat OWNER TO desk_projector;

CREATE STATISTICS views.closed_cases_service_team_stat (mcv) ON service, team FROM views.closed_cases;

ALTER STATISTICS views.closed_cases_service_team_stat OWNER TO desk_projector;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.numbers FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE ledger.numbers ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.stored_events FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE ledger.stored_events ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER message_ids_only BEFORE INSERT ON ledger.numbers FOR EACH ROW WHEN (((SESSION_USER = 'desk_processes'::name) AND (new.number !~~ '<%'::text))) EXECUTE FUNCTION ledger.refuse_number();

ALTER TABLE ledger.numbers ENABLE ALWAYS TRIGGER message_ids_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tlog.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE tlog.checkpoints ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tlog.cosignatures FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE tlog.cosignatures ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tlog.entries FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE tlog.entries ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tlog.hashes FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE tlog.hashes ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tlog.logs FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE tlog.logs ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tlog.timestamps FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE tlog.timestamps ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER kept BEFORE DELETE ON vault.reads FOR EACH ROW EXECUTE FUNCTION vault.refuse_forgetting();

ALTER TABLE vault.reads ENABLE ALWAYS TRIGGER kept;

CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.blobs FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE vault.blobs ENABLE ALWAYS TRIGGER no_alteration;

CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.disclosures FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE vault.disclosures ENABLE ALWAYS TRIGGER no_alteration;

CREATE TRIGGER no_alteration BEFORE UPDATE OR TRUNCATE ON vault.reads FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

ALTER TABLE vault.reads ENABLE ALWAYS TRIGGER no_alteration;

ALTER TABLE ONLY tlog.checkpoints
    ADD CONSTRAINT checkpoints_log_fkey FOREIGN KEY (log) REFERENCES tlog.logs(log);

ALTER TABLE ONLY tlog.cosignatures
    ADD CONSTRAINT cosignatures_log_size_fkey FOREIGN KEY (log, size) REFERENCES tlog.checkpoints(log, size);

ALTER TABLE ONLY tlog.entries
    ADD CONSTRAINT entries_log_fkey FOREIGN KEY (log) REFERENCES tlog.logs(log);

ALTER TABLE ONLY tlog.hashes
    ADD CONSTRAINT hashes_log_fkey FOREIGN KEY (log) REFERENCES tlog.logs(log);

ALTER TABLE ONLY tlog.timestamps
    ADD CONSTRAINT timestamps_log_size_fkey FOREIGN KEY (log, size) REFERENCES tlog.checkpoints(log, size);

ALTER TABLE ONLY vault.blobs
    ADD CONSTRAINT blobs_originator_id_originator_version_beginning_fkey FOREIGN KEY (originator_id, originator_version, beginning) REFERENCES vault.disclosures(originator_id, originator_version, beginning) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

GRANT USAGE ON SCHEMA extensions TO PUBLIC;

GRANT USAGE ON SCHEMA ledger TO desk_api;
GRANT USAGE ON SCHEMA ledger TO desk_projector;
GRANT USAGE ON SCHEMA ledger TO desk_auditor;
GRANT USAGE ON SCHEMA ledger TO desk_processes;
GRANT USAGE ON SCHEMA ledger TO desk_mail;
GRANT USAGE ON SCHEMA ledger TO desk_sealer;

GRANT USAGE ON SCHEMA operations TO desk_api;
GRANT USAGE ON SCHEMA operations TO desk_projector;
GRANT USAGE ON SCHEMA operations TO desk_processes;
GRANT USAGE ON SCHEMA operations TO desk_mail;
GRANT USAGE ON SCHEMA operations TO desk_sealer;
GRANT USAGE ON SCHEMA operations TO desk_auditor;

GRANT USAGE ON SCHEMA reporting TO desk_api;
GRANT USAGE ON SCHEMA reporting TO desk_auditor;
GRANT USAGE ON SCHEMA reporting TO desk_reporter;

GRANT USAGE ON SCHEMA search TO desk_api;
GRANT USAGE ON SCHEMA search TO desk_projector;
GRANT USAGE ON SCHEMA search TO desk_processes;
GRANT USAGE ON SCHEMA search TO desk_mail;
GRANT USAGE ON SCHEMA search TO desk_auditor;

GRANT USAGE ON SCHEMA tlog TO desk_sealer;
GRANT USAGE ON SCHEMA tlog TO desk_api;
GRANT USAGE ON SCHEMA tlog TO desk_mail;
GRANT USAGE ON SCHEMA tlog TO desk_auditor;
GRANT USAGE ON SCHEMA tlog TO desk_processes;

GRANT USAGE ON SCHEMA vault TO desk_api;
GRANT USAGE ON SCHEMA vault TO desk_auditor;
GRANT USAGE ON SCHEMA vault TO desk_processes;
GRANT USAGE ON SCHEMA vault TO desk_mail;
GRANT USAGE ON SCHEMA vault TO desk_projector;

GRANT USAGE ON SCHEMA views TO desk_api;
GRANT USAGE ON SCHEMA views TO desk_auditor;
GRANT USAGE ON SCHEMA views TO desk_processes;
GRANT USAGE ON SCHEMA views TO desk_mail;
GRANT USAGE ON SCHEMA views TO desk_eraser;

GRANT USAGE ON SCHEMA webhooks TO desk_api;
GRANT USAGE ON SCHEMA webhooks TO desk_processes;
GRANT USAGE ON SCHEMA webhooks TO desk_auditor;

REVOKE ALL ON FUNCTION guards.refuse_ddl() FROM PUBLIC;

REVOKE ALL ON FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[], known_commands integer[], known bigint[], closing_commands integer[], closed_numbers text[], read_commands integer[], read_ids uuid[], read_versions bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[], known_commands integer[], known bigint[], closing_commands integer[], closed_numbers text[], read_commands integer[], read_ids uuid[], read_versions bigint[]) TO desk_api;
GRANT ALL ON FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[], known_commands integer[], known bigint[], closing_commands integer[], closed_numbers text[], read_commands integer[], read_ids uuid[], read_versions bigint[]) TO desk_processes;
GRANT ALL ON FUNCTION ledger.append(commands integer[], ids uuid[], versions bigint[], topics text[], states bytea[], said_commands integer[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[], subjects text[], said_values text[], number_commands integer[], given_numbers text[], number_ids uuid[], key_commands integer[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[], known_commands integer[], known bigint[], closing_commands integer[], closed_numbers text[], read_commands integer[], read_ids uuid[], read_versions bigint[]) TO desk_mail;

REVOKE ALL ON FUNCTION ledger.keeps_open(quarantined bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION ledger.keeps_open(quarantined bytea) TO desk_api;
GRANT ALL ON FUNCTION ledger.keeps_open(quarantined bytea) TO desk_processes;
GRANT ALL ON FUNCTION ledger.keeps_open(quarantined bytea) TO desk_mail;

GRANT SELECT ON TABLE ledger.stored_events TO desk_api;
GRANT SELECT ON TABLE ledger.stored_events TO desk_projector;
GRANT SELECT ON TABLE ledger.stored_events TO desk_auditor;
GRANT SELECT ON TABLE ledger.stored_events TO desk_processes;
GRANT SELECT ON TABLE ledger.stored_events TO desk_mail;
GRANT SELECT ON TABLE ledger.stored_events TO desk_sealer;

GRANT INSERT(originator_version) ON TABLE ledger.stored_events TO desk_api;
GRANT INSERT(originator_version) ON TABLE ledger.stored_events TO desk_processes;
GRANT INSERT(originator_version) ON TABLE ledger.stored_events TO desk_mail;

GRANT INSERT(originator_id) ON TABLE ledger.stored_events TO desk_api;
GRANT INSERT(originator_id) ON TABLE ledger.stored_events TO desk_processes;
GRANT INSERT(originator_id) ON TABLE ledger.stored_events TO desk_mail;

GRANT INSERT(topic) ON TABLE ledger.stored_events TO desk_api;
GRANT INSERT(topic) ON TABLE ledger.stored_events TO desk_processes;
GRANT INSERT(topic) ON TABLE ledger.stored_events TO desk_mail;

GRANT INSERT(state) ON TABLE ledger.stored_events TO desk_api;
GRANT INSERT(state) ON TABLE ledger.stored_events TO desk_processes;
GRANT INSERT(state) ON TABLE ledger.stored_events TO desk_mail;

REVOKE ALL ON FUNCTION ledger.has_unread_mail(number text) FROM PUBLIC;
GRANT ALL ON FUNCTION ledger.has_unread_mail(number text) TO desk_api;
GRANT ALL ON FUNCTION ledger.has_unread_mail(number text) TO desk_processes;
GRANT ALL ON FUNCTION ledger.has_unread_mail(number text) TO desk_mail;

REVOKE ALL ON FUNCTION ledger.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION ledger.refuse_number() FROM PUBLIC;

REVOKE ALL ON FUNCTION search.lexemes(said text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.lexemes(said text) TO desk_api;
GRANT ALL ON FUNCTION search.lexemes(said text) TO desk_projector;
GRANT ALL ON FUNCTION search.lexemes(said text) TO desk_processes;
GRANT ALL ON FUNCTION search.lexemes(said text) TO desk_mail;
GRANT ALL ON FUNCTION search.lexemes(said text) TO desk_auditor;

REVOKE ALL ON FUNCTION search.pairs(plain text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.pairs(plain text) TO desk_api;
GRANT ALL ON FUNCTION search.pairs(plain text) TO desk_projector;
GRANT ALL ON FUNCTION search.pairs(plain text) TO desk_processes;
GRANT ALL ON FUNCTION search.pairs(plain text) TO desk_mail;
GRANT ALL ON FUNCTION search.pairs(plain text) TO desk_auditor;

REVOKE ALL ON FUNCTION search.unspaced() FROM PUBLIC;
GRANT ALL ON FUNCTION search.unspaced() TO desk_api;
GRANT ALL ON FUNCTION search.unspaced() TO desk_projector;
GRANT ALL ON FUNCTION search.unspaced() TO desk_processes;
GRANT ALL ON FUNCTION search.unspaced() TO desk_mail;
GRANT ALL ON FUNCTION search.unspaced() TO desk_auditor;

REVOKE ALL ON FUNCTION search.plain(said text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.plain(said text) TO desk_api;
GRANT ALL ON FUNCTION search.plain(said text) TO desk_projector;
GRANT ALL ON FUNCTION search.plain(said text) TO desk_processes;
GRANT ALL ON FUNCTION search.plain(said text) TO desk_mail;
GRANT ALL ON FUNCTION search.plain(said text) TO desk_auditor;

REVOKE ALL ON FUNCTION search.question(asked text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.question(asked text) TO desk_api;
GRANT ALL ON FUNCTION search.question(asked text) TO desk_projector;
GRANT ALL ON FUNCTION search.question(asked text) TO desk_processes;
GRANT ALL ON FUNCTION search.question(asked text) TO desk_mail;
GRANT ALL ON FUNCTION search.question(asked text) TO desk_auditor;

REVOKE ALL ON FUNCTION search."similar"(asked integer[], asked_number text, asked_service text, asked_ref text, since timestamp with time zone, until timestamp with time zone, newest_day integer, oldest_day integer, decided text[], certain double precision, other_service double precision, postings integer, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION search."similar"(asked integer[], asked_number text, asked_service text, asked_ref text, since timestamp with time zone, until timestamp with time zone, newest_day integer, oldest_day integer, decided text[], certain double precision, other_service double precision, postings integer, most integer) TO desk_api;
GRANT ALL ON FUNCTION search."similar"(asked integer[], asked_number text, asked_service text, asked_ref text, since timestamp with time zone, until timestamp with time zone, newest_day integer, oldest_day integer, decided text[], certain double precision, other_service double precision, postings integer, most integer) TO desk_processes;
GRANT ALL ON FUNCTION search."similar"(asked integer[], asked_number text, asked_service text, asked_ref text, since timestamp with time zone, until timestamp with time zone, newest_day integer, oldest_day integer, decided text[], certain double precision, other_service double precision, postings integer, most integer) TO desk_mail;

REVOKE ALL ON FUNCTION search.spaced(plain text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.spaced(plain text) TO desk_api;
GRANT ALL ON FUNCTION search.spaced(plain text) TO desk_projector;
GRANT ALL ON FUNCTION search.spaced(plain text) TO desk_processes;
GRANT ALL ON FUNCTION search.spaced(plain text) TO desk_mail;
GRANT ALL ON FUNCTION search.spaced(plain text) TO desk_auditor;

REVOKE ALL ON FUNCTION search.spans(number text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.spans(number text) TO desk_api;
GRANT ALL ON FUNCTION search.spans(number text) TO desk_projector;
GRANT ALL ON FUNCTION search.spans(number text) TO desk_processes;
GRANT ALL ON FUNCTION search.spans(number text) TO desk_mail;
GRANT ALL ON FUNCTION search.spans(number text) TO desk_auditor;

REVOKE ALL ON FUNCTION search.words(lexemes tsvector) FROM PUBLIC;
GRANT ALL ON FUNCTION search.words(lexemes tsvector) TO desk_api;
GRANT ALL ON FUNCTION search.words(lexemes tsvector) TO desk_projector;
GRANT ALL ON FUNCTION search.words(lexemes tsvector) TO desk_processes;
GRANT ALL ON FUNCTION search.words(lexemes tsvector) TO desk_mail;
GRANT ALL ON FUNCTION search.words(lexemes tsvector) TO desk_auditor;

REVOKE ALL ON FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) TO desk_eraser;

REVOKE ALL ON FUNCTION vault.forget_reports(views_schema text, erased uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION vault.forget_reports(views_schema text, erased uuid[]) TO desk_eraser;

REVOKE ALL ON FUNCTION vault.forget_texts(views_schema text, erased uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION vault.forget_texts(views_schema text, erased uuid[]) TO desk_eraser;

REVOKE ALL ON FUNCTION vault.refuse_forgetting() FROM PUBLIC;

GRANT USAGE ON SEQUENCE ledger.case_number TO desk_api;

GRANT SELECT ON TABLE ledger.idempotency TO desk_api;
GRANT SELECT ON TABLE ledger.idempotency TO desk_auditor;
GRANT DELETE ON TABLE ledger.idempotency TO desk_projector;
GRANT SELECT ON TABLE ledger.idempotency TO desk_processes;
GRANT SELECT ON TABLE ledger.idempotency TO desk_mail;

GRANT INSERT(key) ON TABLE ledger.idempotency TO desk_api;
GRANT INSERT(key) ON TABLE ledger.idempotency TO desk_processes;
GRANT INSERT(key) ON TABLE ledger.idempotency TO desk_mail;

GRANT INSERT(request) ON TABLE ledger.idempotency TO desk_api;
GRANT INSERT(request) ON TABLE ledger.idempotency TO desk_processes;
GRANT INSERT(request) ON TABLE ledger.idempotency TO desk_mail;

GRANT INSERT(originator_id) ON TABLE ledger.idempotency TO desk_api;
GRANT INSERT(originator_id) ON TABLE ledger.idempotency TO desk_processes;
GRANT INSERT(originator_id) ON TABLE ledger.idempotency TO desk_mail;

GRANT INSERT(originator_version) ON TABLE ledger.idempotency TO desk_api;
GRANT INSERT(originator_version) ON TABLE ledger.idempotency TO desk_processes;
GRANT INSERT(originator_version) ON TABLE ledger.idempotency TO desk_mail;

GRANT INSERT("position") ON TABLE ledger.idempotency TO desk_api;
GRANT INSERT("position") ON TABLE ledger.idempotency TO desk_processes;
GRANT INSERT("position") ON TABLE ledger.idempotency TO desk_mail;

GRANT INSERT(status) ON TABLE ledger.idempotency TO desk_api;
GRANT INSERT(status) ON TABLE ledger.idempotency TO desk_processes;
GRANT INSERT(status) ON TABLE ledger.idempotency TO desk_mail;

GRANT SELECT(recorded_at) ON TABLE ledger.idempotency TO desk_projector;

GRANT SELECT,INSERT ON TABLE ledger.numbers TO desk_api;
GRANT SELECT ON TABLE ledger.numbers TO desk_auditor;
GRANT SELECT,INSERT ON TABLE ledger.numbers TO desk_processes;
GRANT SELECT ON TABLE ledger.numbers TO desk_mail;

GRANT USAGE ON SEQUENCE ledger.problem_number TO desk_api;

GRANT SELECT ON TABLE operations.schema TO desk_api;
GRANT SELECT ON TABLE operations.schema TO desk_projector;
GRANT SELECT ON TABLE operations.schema TO desk_processes;
GRANT SELECT ON TABLE operations.schema TO desk_mail;
GRANT SELECT ON TABLE operations.schema TO desk_sealer;
GRANT SELECT ON TABLE operations.schema TO desk_auditor;
GRANT SELECT ON TABLE operations.schema TO desk_eraser;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.set_aside TO desk_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.set_aside TO desk_processes;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.set_aside TO desk_mail;
GRANT SELECT ON TABLE operations.set_aside TO desk_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.workers TO desk_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.workers TO desk_projector;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.workers TO desk_processes;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.workers TO desk_mail;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE operations.workers TO desk_sealer;
GRANT SELECT ON TABLE operations.workers TO desk_auditor;

GRANT SELECT ON TABLE views.case_intervals TO desk_api;
GRANT SELECT ON TABLE views.case_intervals TO desk_processes;
GRANT SELECT ON TABLE views.case_intervals TO desk_mail;
GRANT SELECT ON TABLE views.case_intervals TO desk_auditor;

GRANT SELECT ON TABLE views.closed_cases TO desk_api;
GRANT SELECT ON TABLE views.closed_cases TO desk_processes;
GRANT SELECT ON TABLE views.closed_cases TO desk_mail;
GRANT SELECT ON TABLE views.closed_cases TO desk_auditor;

GRANT SELECT ON TABLE views.open_cases TO desk_api;
GRANT SELECT ON TABLE views.open_cases TO desk_processes;
GRANT SELECT ON TABLE views.open_cases TO desk_mail;
GRANT SELECT ON TABLE views.open_cases TO desk_auditor;

GRANT SELECT ON TABLE reporting.case_history TO desk_auditor;
GRANT SELECT ON TABLE reporting.case_history TO desk_reporter;

GRANT SELECT ON TABLE views.case_facts TO desk_api;
GRANT SELECT ON TABLE views.case_facts TO desk_processes;
GRANT SELECT ON TABLE views.case_facts TO desk_mail;
GRANT SELECT ON TABLE views.case_facts TO desk_auditor;

GRANT SELECT ON TABLE reporting.case_measures TO desk_auditor;
GRANT SELECT ON TABLE reporting.case_measures TO desk_reporter;

GRANT SELECT ON TABLE reporting.cases TO desk_auditor;
GRANT SELECT ON TABLE reporting.cases TO desk_reporter;

GRANT SELECT ON TABLE views.problems TO desk_api;
GRANT SELECT ON TABLE views.problems TO desk_processes;
GRANT SELECT ON TABLE views.problems TO desk_mail;
GRANT SELECT ON TABLE views.problems TO desk_auditor;

GRANT SELECT ON TABLE views.tracking TO desk_api;
GRANT SELECT ON TABLE views.tracking TO desk_auditor;
GRANT SELECT ON TABLE views.tracking TO desk_processes;
GRANT SELECT ON TABLE views.tracking TO desk_mail;

GRANT UPDATE(one) ON TABLE views.tracking TO desk_eraser;

GRANT SELECT ON TABLE reporting.events TO desk_auditor;
GRANT SELECT ON TABLE reporting.events TO desk_reporter;

GRANT SELECT ON TABLE views.happenings TO desk_api;
GRANT SELECT ON TABLE views.happenings TO desk_processes;
GRANT SELECT ON TABLE views.happenings TO desk_mail;
GRANT SELECT ON TABLE views.happenings TO desk_auditor;

GRANT SELECT ON TABLE reporting.happenings TO desk_auditor;
GRANT SELECT ON TABLE reporting.happenings TO desk_reporter;

GRANT SELECT ON TABLE views.obligations TO desk_api;
GRANT SELECT ON TABLE views.obligations TO desk_processes;
GRANT SELECT ON TABLE views.obligations TO desk_mail;
GRANT SELECT ON TABLE views.obligations TO desk_auditor;

GRANT SELECT ON TABLE reporting.obligations TO desk_auditor;
GRANT SELECT ON TABLE reporting.obligations TO desk_reporter;

GRANT SELECT ON TABLE views.outbox TO desk_api;
GRANT SELECT ON TABLE views.outbox TO desk_processes;
GRANT SELECT ON TABLE views.outbox TO desk_mail;
GRANT SELECT ON TABLE views.outbox TO desk_auditor;

GRANT SELECT ON TABLE reporting.outbox TO desk_auditor;
GRANT SELECT ON TABLE reporting.outbox TO desk_reporter;

GRANT SELECT ON TABLE reporting."position" TO desk_auditor;
GRANT SELECT ON TABLE reporting."position" TO desk_reporter;

GRANT SELECT ON TABLE reporting.problem_incidents TO desk_auditor;
GRANT SELECT ON TABLE reporting.problem_incidents TO desk_reporter;

GRANT SELECT ON TABLE reporting.problems TO desk_auditor;
GRANT SELECT ON TABLE reporting.problems TO desk_reporter;

GRANT SELECT ON TABLE views.resolutions TO desk_api;
GRANT SELECT ON TABLE views.resolutions TO desk_auditor;
GRANT SELECT ON TABLE views.resolutions TO desk_processes;
GRANT SELECT ON TABLE views.resolutions TO desk_mail;

GRANT SELECT ON TABLE reporting.resolutions TO desk_auditor;
GRANT SELECT ON TABLE reporting.resolutions TO desk_reporter;

GRANT SELECT ON TABLE reporting.resolved_without_problem TO desk_auditor;
GRANT SELECT ON TABLE reporting.resolved_without_problem TO desk_reporter;

GRANT SELECT ON TABLE reporting.services TO desk_auditor;
GRANT SELECT ON TABLE reporting.services TO desk_reporter;

GRANT SELECT ON TABLE views.targets TO desk_api;
GRANT SELECT ON TABLE views.targets TO desk_processes;
GRANT SELECT ON TABLE views.targets TO desk_mail;
GRANT SELECT ON TABLE views.targets TO desk_auditor;

GRANT SELECT ON TABLE reporting.target_breaches TO desk_auditor;
GRANT SELECT ON TABLE reporting.target_breaches TO desk_reporter;

GRANT SELECT ON TABLE reporting.teams TO desk_auditor;
GRANT SELECT ON TABLE reporting.teams TO desk_reporter;

GRANT SELECT ON TABLE reporting.unowned_cases TO desk_auditor;
GRANT SELECT ON TABLE reporting.unowned_cases TO desk_reporter;

GRANT SELECT ON TABLE tlog.checkpoints TO desk_sealer;
GRANT SELECT ON TABLE tlog.checkpoints TO desk_api;
GRANT SELECT ON TABLE tlog.checkpoints TO desk_mail;
GRANT SELECT ON TABLE tlog.checkpoints TO desk_auditor;

GRANT INSERT(log) ON TABLE tlog.checkpoints TO desk_sealer;

GRANT INSERT(size) ON TABLE tlog.checkpoints TO desk_sealer;

GRANT INSERT("position") ON TABLE tlog.checkpoints TO desk_sealer;

GRANT INSERT(note) ON TABLE tlog.checkpoints TO desk_sealer;

GRANT SELECT ON TABLE tlog.cosignatures TO desk_sealer;
GRANT SELECT ON TABLE tlog.cosignatures TO desk_api;
GRANT SELECT ON TABLE tlog.cosignatures TO desk_mail;
GRANT SELECT ON TABLE tlog.cosignatures TO desk_auditor;

GRANT INSERT(log) ON TABLE tlog.cosignatures TO desk_sealer;

GRANT INSERT(size) ON TABLE tlog.cosignatures TO desk_sealer;

GRANT INSERT(witness) ON TABLE tlog.cosignatures TO desk_sealer;

GRANT INSERT(line) ON TABLE tlog.cosignatures TO desk_sealer;

GRANT SELECT,INSERT ON TABLE tlog.entries TO desk_sealer;
GRANT SELECT ON TABLE tlog.entries TO desk_api;
GRANT SELECT ON TABLE tlog.entries TO desk_mail;
GRANT SELECT ON TABLE tlog.entries TO desk_auditor;
GRANT SELECT ON TABLE tlog.entries TO desk_processes;

GRANT SELECT,INSERT ON TABLE tlog.hashes TO desk_sealer;
GRANT SELECT ON TABLE tlog.hashes TO desk_api;
GRANT SELECT ON TABLE tlog.hashes TO desk_mail;
GRANT SELECT ON TABLE tlog.hashes TO desk_auditor;

GRANT SELECT ON TABLE tlog.logs TO desk_sealer;
GRANT SELECT ON TABLE tlog.logs TO desk_api;
GRANT SELECT ON TABLE tlog.logs TO desk_mail;
GRANT SELECT ON TABLE tlog.logs TO desk_auditor;
GRANT SELECT ON TABLE tlog.logs TO desk_processes;

GRANT INSERT(log) ON TABLE tlog.logs TO desk_sealer;

GRANT INSERT(origin) ON TABLE tlog.logs TO desk_sealer;

GRANT SELECT ON TABLE tlog.timestamps TO desk_sealer;
GRANT SELECT ON TABLE tlog.timestamps TO desk_api;
GRANT SELECT ON TABLE tlog.timestamps TO desk_mail;
GRANT SELECT ON TABLE tlog.timestamps TO desk_auditor;

GRANT INSERT(log) ON TABLE tlog.timestamps TO desk_sealer;

GRANT INSERT(size) ON TABLE tlog.timestamps TO desk_sealer;

GRANT INSERT(authority) ON TABLE tlog.timestamps TO desk_sealer;

GRANT INSERT(reply) ON TABLE tlog.timestamps TO desk_sealer;

GRANT SELECT ON TABLE vault.blobs TO desk_api;
GRANT SELECT ON TABLE vault.blobs TO desk_processes;
GRANT SELECT ON TABLE vault.blobs TO desk_mail;
GRANT SELECT ON TABLE vault.blobs TO desk_auditor;

GRANT INSERT(originator_id) ON TABLE vault.blobs TO desk_api;
GRANT INSERT(originator_id) ON TABLE vault.blobs TO desk_processes;
GRANT INSERT(originator_id) ON TABLE vault.blobs TO desk_mail;

GRANT INSERT(originator_version) ON TABLE vault.blobs TO desk_api;
GRANT INSERT(originator_version) ON TABLE vault.blobs TO desk_processes;
GRANT INSERT(originator_version) ON TABLE vault.blobs TO desk_mail;

GRANT INSERT(digest) ON TABLE vault.blobs TO desk_api;
GRANT INSERT(digest) ON TABLE vault.blobs TO desk_processes;
GRANT INSERT(digest) ON TABLE vault.blobs TO desk_mail;

GRANT INSERT(content) ON TABLE vault.blobs TO desk_api;
GRANT INSERT(content) ON TABLE vault.blobs TO desk_processes;
GRANT INSERT(content) ON TABLE vault.blobs TO desk_mail;

GRANT SELECT,INSERT ON TABLE vault.disclosures TO desk_api;
GRANT SELECT ON TABLE vault.disclosures TO desk_auditor;
GRANT SELECT,INSERT ON TABLE vault.disclosures TO desk_processes;
GRANT SELECT,INSERT ON TABLE vault.disclosures TO desk_mail;
GRANT SELECT ON TABLE vault.disclosures TO desk_projector;
GRANT DELETE ON TABLE vault.disclosures TO desk_eraser;

GRANT SELECT ON TABLE vault.pseudonym_key TO desk_api;

GRANT SELECT ON TABLE vault.reads TO desk_api;
GRANT SELECT ON TABLE vault.reads TO desk_auditor;
GRANT DELETE ON TABLE vault.reads TO desk_processes;

GRANT SELECT(read_id) ON TABLE vault.reads TO desk_processes;

GRANT INSERT(read_at) ON TABLE vault.reads TO desk_api;
GRANT SELECT(read_at) ON TABLE vault.reads TO desk_processes;

GRANT INSERT(reader) ON TABLE vault.reads TO desk_api;

GRANT INSERT(role) ON TABLE vault.reads TO desk_api;

GRANT INSERT(team) ON TABLE vault.reads TO desk_api;

GRANT INSERT(through) ON TABLE vault.reads TO desk_api;

GRANT INSERT(what) ON TABLE vault.reads TO desk_api;

GRANT INSERT(about) ON TABLE vault.reads TO desk_api;

GRANT INSERT(customer) ON TABLE vault.reads TO desk_api;

GRANT INSERT(version) ON TABLE vault.reads TO desk_api;

GRANT INSERT("position") ON TABLE vault.reads TO desk_api;

GRANT SELECT ON TABLE views.case_counts TO desk_api;
GRANT SELECT ON TABLE views.case_counts TO desk_auditor;
GRANT SELECT ON TABLE views.case_counts TO desk_processes;
GRANT SELECT ON TABLE views.case_counts TO desk_mail;

GRANT SELECT ON TABLE views.case_texts TO desk_api;
GRANT SELECT ON TABLE views.case_texts TO desk_processes;
GRANT SELECT ON TABLE views.case_texts TO desk_mail;
GRANT SELECT ON TABLE views.case_texts TO desk_auditor;
GRANT SELECT,DELETE ON TABLE views.case_texts TO desk_eraser;

GRANT SELECT ON TABLE views.known_errors TO desk_api;
GRANT SELECT ON TABLE views.known_errors TO desk_processes;
GRANT SELECT ON TABLE views.known_errors TO desk_mail;
GRANT SELECT ON TABLE views.known_errors TO desk_auditor;
GRANT SELECT,DELETE ON TABLE views.known_errors TO desk_eraser;

GRANT SELECT ON TABLE views.open_reports TO desk_api;
GRANT SELECT ON TABLE views.open_reports TO desk_processes;
GRANT SELECT ON TABLE views.open_reports TO desk_mail;
GRANT SELECT ON TABLE views.open_reports TO desk_auditor;
GRANT SELECT,DELETE ON TABLE views.open_reports TO desk_eraser;

GRANT SELECT ON TABLE views.open_terms TO desk_api;
GRANT SELECT ON TABLE views.open_terms TO desk_processes;
GRANT SELECT ON TABLE views.open_terms TO desk_mail;
GRANT SELECT ON TABLE views.open_terms TO desk_auditor;
GRANT SELECT,DELETE,UPDATE ON TABLE views.open_terms TO desk_eraser;

GRANT SELECT ON TABLE views.quarantine TO desk_api;
GRANT SELECT ON TABLE views.quarantine TO desk_processes;
GRANT SELECT ON TABLE views.quarantine TO desk_mail;
GRANT SELECT ON TABLE views.quarantine TO desk_auditor;

GRANT SELECT ON TABLE views.report_answers TO desk_api;
GRANT SELECT ON TABLE views.report_answers TO desk_processes;
GRANT SELECT ON TABLE views.report_answers TO desk_mail;
GRANT SELECT ON TABLE views.report_answers TO desk_auditor;

GRANT SELECT ON TABLE views.report_windows TO desk_api;
GRANT SELECT ON TABLE views.report_windows TO desk_processes;
GRANT SELECT ON TABLE views.report_windows TO desk_mail;
GRANT SELECT ON TABLE views.report_windows TO desk_auditor;

GRANT SELECT ON TABLE views.value_counts TO desk_api;
GRANT SELECT ON TABLE views.value_counts TO desk_processes;
GRANT SELECT ON TABLE views.value_counts TO desk_mail;
GRANT SELECT ON TABLE views.value_counts TO desk_auditor;

GRANT SELECT ON TABLE views.words TO desk_api;
GRANT SELECT ON TABLE views.words TO desk_processes;
GRANT SELECT ON TABLE views.words TO desk_mail;
GRANT SELECT ON TABLE views.words TO desk_auditor;
GRANT SELECT,DELETE,UPDATE ON TABLE views.words TO desk_eraser;

GRANT SELECT ON TABLE webhooks.attempts TO desk_api;
GRANT SELECT,INSERT,DELETE ON TABLE webhooks.attempts TO desk_processes;
GRANT SELECT ON TABLE webhooks.attempts TO desk_auditor;

GRANT SELECT ON TABLE webhooks.lanes TO desk_api;
GRANT SELECT,INSERT,UPDATE ON TABLE webhooks.lanes TO desk_processes;
GRANT SELECT ON TABLE webhooks.lanes TO desk_auditor;

GRANT SELECT ON TABLE webhooks.standings TO desk_api;
GRANT SELECT,INSERT,UPDATE ON TABLE webhooks.standings TO desk_processes;
GRANT SELECT ON TABLE webhooks.standings TO desk_auditor;

ALTER DEFAULT PRIVILEGES FOR ROLE desk_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;

CREATE EVENT TRIGGER caseledger_refuse_ddl ON ddl_command_end
   EXECUTE FUNCTION guards.refuse_ddl();

ALTER EVENT TRIGGER caseledger_refuse_ddl ENABLE ALWAYS;

ALTER EVENT TRIGGER caseledger_refuse_ddl OWNER TO postgres;

CREATE EVENT TRIGGER caseledger_refuse_drop ON sql_drop
   EXECUTE FUNCTION guards.refuse_ddl();

ALTER EVENT TRIGGER caseledger_refuse_drop ENABLE ALWAYS;

ALTER EVENT TRIGGER caseledger_refuse_drop OWNER TO postgres;
