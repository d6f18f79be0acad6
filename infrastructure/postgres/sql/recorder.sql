-- The event store's statements.

-- name: append --
SELECT * FROM ledger.append(
    %b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::bytea[],
    %b::int[], %b::uuid[], %b::bigint[], %b::bytea[], %b::bytea[], %b::text[], %b::text[], %b::text[],
    %b::int[], %b::text[], %b::uuid[],
    %b::int[], %b::bytea[], %b::bytea[], %b::uuid[], %b::bigint[], %b::smallint[],
    %b::int[], %b::bigint[],
    %b::int[], %b::text[],
    %b::int[], %b::uuid[], %b::bigint[]
);

-- name: keep_content --
-- It may have been committed before, where that answer was lost.
INSERT INTO vault.blobs (originator_id, originator_version, digest, content)
VALUES (%b::uuid, %b::bigint, %b::bytea, %b::bytea) ON CONFLICT DO NOTHING;

-- name: hold_fold --
-- As the projector does (projector.sql, hold).
SELECT pg_advisory_xact_lock(4850712381);

-- name: keep_disclosure --
-- The same.
INSERT INTO vault.disclosures (originator_id, originator_version, digest, salt, kind, subject, value)
VALUES (%b::uuid, %b::bigint, %b::bytea, %b::bytea, %b::text, %b::text, %b::text) ON CONFLICT DO NOTHING;

-- name: erase --
SELECT vault.erase(%s::text, %b::text[], %b::uuid[]);

-- name: stored --
SELECT e.notification_id, e.recorded_at, e.state
FROM unnest(%b::uuid[], %b::bigint[]) WITH ORDINALITY AS wanted (id, version, place)
JOIN ledger.stored_events e ON e.originator_id = wanted.id AND e.originator_version = wanted.version
ORDER BY wanted.place;

-- name: select_events --
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id, e.recorded_at, e.db_role,
       d.digest, d.salt, d.kind, d.subject, d.value
FROM ledger.stored_events e
LEFT JOIN vault.disclosures d USING (originator_id, originator_version)
WHERE e.originator_id = %(id)s AND e.originator_version > %(gt)s AND e.originator_version <= %(lte)s
ORDER BY e.originator_version;

-- name: head --
SELECT originator_version, notification_id FROM ledger.stored_events
WHERE originator_id = %b ORDER BY originator_version DESC LIMIT 1;

-- name: select_last_events --
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id, e.recorded_at, e.db_role,
       d.digest, d.salt, d.kind, d.subject, d.value
FROM (SELECT * FROM ledger.stored_events
      WHERE originator_id = %(id)s AND originator_version > %(gt)s AND originator_version <= %(lte)s
      ORDER BY originator_version DESC LIMIT %(limit)s) e
LEFT JOIN vault.disclosures d USING (originator_id, originator_version)
ORDER BY e.originator_version DESC;

-- name: select_first_events --
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id, e.recorded_at, e.db_role,
       d.digest, d.salt, d.kind, d.subject, d.value
FROM (SELECT * FROM ledger.stored_events
      WHERE originator_id = %(id)s AND originator_version > %(gt)s AND originator_version <= %(lte)s
      ORDER BY originator_version LIMIT %(limit)s) e
LEFT JOIN vault.disclosures d USING (originator_id, originator_version)
ORDER BY e.originator_version;

-- name: select_notifications --
SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role
FROM ledger.stored_events
WHERE notification_id >= %(start)s AND notification_id <= %(stop)s
ORDER BY notification_id LIMIT %(limit)s;

-- name: select_notifications_by_topic --
SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role
FROM ledger.stored_events
WHERE notification_id >= %(start)s AND notification_id <= %(stop)s AND topic = ANY(%(topics)s)
ORDER BY notification_id LIMIT %(limit)s;

-- name: max_notification_id --
SELECT max(notification_id) FROM ledger.stored_events;
