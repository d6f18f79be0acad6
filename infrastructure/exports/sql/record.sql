-- The record as exports read it, in streams that PostgreSQL goes on with while we write.

-- name: utc --
-- Moments come in UTC, as they are written.
SET TIME ZONE 'UTC';

-- name: gaps --
-- Positions before which others are missing. Leaves have no gaps.
SELECT after, missing FROM (
    SELECT notification_id AS after, notification_id - lag(notification_id, 1, 0::bigint) OVER (ORDER BY notification_id) - 1 AS missing
    FROM ledger.stored_events WHERE notification_id <= %s
) g WHERE missing > 0 ORDER BY after;

-- name: count --
SELECT count(*) FROM ledger.stored_events WHERE notification_id > %s AND notification_id <= %s;

-- name: count_of_kinds --
SELECT count(*) FROM ledger.stored_events WHERE notification_id <= %s AND split_part(topic, '.', 1) = ANY (%s);

-- name: erased --
-- The last erasure: an export with words that began before it holds words that are gone.
SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events WHERE topic = 'subject.personal_data_erased';

-- name: events --
-- By position, after one and up to another.
SELECT e.notification_id, e.originator_id::text, n.number, e.originator_version, e.topic, e.recorded_at, e.db_role::text, e.state
FROM ledger.stored_events e LEFT JOIN ledger.numbers n USING (originator_id)
WHERE e.notification_id > %(after)s AND e.notification_id <= %(until)s
ORDER BY e.notification_id;

-- name: events_with_words --
-- Their disclosures as JSON objects: an index leads to those of one event.
SELECT e.notification_id, e.originator_id::text, n.number, e.originator_version, e.topic, e.recorded_at, e.db_role::text, e.state,
       d.listed, d.disclosed
FROM ledger.stored_events e LEFT JOIN ledger.numbers n USING (originator_id)
CROSS JOIN LATERAL (
    SELECT convert_to(string_agg(
               concat('{"digest":"', encode(v.digest, 'hex'), '","kind":"', v.kind, '","subject":', to_json(v.subject),
                      ',"salt":"', encode(v.salt, 'hex'), '","value":', to_json(v.value), '}'), ',' ORDER BY v.digest), 'UTF8') AS listed,
           count(*) AS disclosed
    FROM vault.disclosures v
    WHERE v.originator_id = e.originator_id AND v.originator_version = e.originator_version
) d
WHERE e.notification_id > %(after)s AND e.notification_id <= %(until)s
ORDER BY e.notification_id;

-- name: streams --
-- Stream by stream of some kinds, on into those after one.
SELECT e.notification_id, e.originator_id::text, n.number, e.originator_version, e.topic, e.recorded_at, e.db_role::text, e.state
FROM ledger.stored_events e LEFT JOIN ledger.numbers n USING (originator_id)
WHERE e.originator_id > %(after)s::uuid AND e.notification_id <= %(until)s AND split_part(e.topic, '.', 1) = ANY (%(kinds)s)
ORDER BY e.originator_id, e.originator_version;

-- name: views_position --
SELECT position FROM views.tracking;
