-- A decision on one aggregate that is recorded on another, such as a breached target, commits only while the first is unchanged.
SET ROLE desk_owner;

DROP FUNCTION ledger.append;
-- As in 0017. A command is also refused where an aggregate that it was decided on has changed: `read_versions` are the versions
-- that its next events would have.
CREATE FUNCTION ledger.append(
    commands int[], ids uuid[], versions bigint[], topics text[], states bytea[],
    said_commands int[], said_ids uuid[], said_versions bigint[], digests bytea[], salts bytea[], kinds text[],
    subjects text[], said_values text[],
    number_commands int[], given_numbers text[], number_ids uuid[],
    key_commands int[], keys bytea[], requests bytea[], key_ids uuid[], key_versions bigint[], statuses smallint[],
    known_commands int[], known bigint[],
    closing_commands int[], closed_numbers text[],
    read_commands int[], read_ids uuid[], read_versions bigint[]
) RETURNS TABLE (refused_command int, refusal text, notification_id bigint, recorded_at timestamptz)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
-- A plan is made at a session's first call, when the tables may be empty, and kept: it must be the one for large tables.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
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
GRANT EXECUTE ON FUNCTION ledger.append TO desk_api, desk_processes, desk_mail;

RESET ROLE;
