-- Events stream by stream.

-- name: last --
SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events;

-- name: read --
-- After an event of a stream, on into other streams.
SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role
FROM ledger.stored_events
WHERE (originator_id, originator_version) > (%b::uuid, %b::bigint) AND notification_id <= %b::bigint
ORDER BY originator_id, originator_version LIMIT %b::bigint;

-- name: rest --
-- After an event of a stream, to that stream's end.
SELECT notification_id, originator_id, originator_version, topic, state, recorded_at, db_role
FROM ledger.stored_events
WHERE originator_id = %b::uuid AND originator_version > %b::bigint AND notification_id <= %b::bigint
ORDER BY originator_version;
