-- The ends of two records that were one: of a database, and of a server that once led it.

-- name: newest --
SELECT e.notification_id, e.originator_id, e.originator_version, sha256(e.state), e.topic, e.recorded_at,
       convert_from(e.state, 'UTF8')::json #>> '{by,subject}', n.number
FROM ledger.stored_events e LEFT JOIN ledger.numbers n USING (originator_id)
WHERE e.notification_id < %(before)s ORDER BY e.notification_id DESC LIMIT %(limit)s;

-- name: known --
SELECT e.notification_id, e.originator_id, e.originator_version, sha256(e.state)
FROM ledger.stored_events e WHERE e.notification_id BETWEEN %(first)s AND %(last)s;
