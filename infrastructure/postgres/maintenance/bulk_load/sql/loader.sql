-- The offline path into the store, in the migrator's role: COPY sets what only the database sets otherwise.

-- name: hold_appends --
-- The lock of all appends (`ledger.append`), until this session ends.
SELECT pg_try_advisory_lock(4850712369);

-- name: others --
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'caseledger %' ORDER BY 1;

-- name: holds_more --
-- What a store without events holds none of.
SELECT EXISTS (SELECT FROM ledger.numbers) OR EXISTS (SELECT FROM vault.disclosures) OR EXISTS (SELECT FROM tlog.logs);

-- name: first --
SELECT state FROM ledger.stored_events ORDER BY notification_id LIMIT 1;

-- name: last --
SELECT notification_id, recorded_at FROM ledger.stored_events ORDER BY notification_id DESC LIMIT 1;

-- name: is_complete --
-- The last step of a load sets the numbers of cases.
SELECT is_called FROM ledger.case_number;

-- name: is_behind --
SELECT t.position < (SELECT max(notification_id) FROM ledger.stored_events) FROM views.tracking t;

-- name: pseudonym_key --
SELECT key FROM vault.pseudonym_key;

-- name: copy_events --
COPY ledger.stored_events (notification_id, originator_id, originator_version, topic, state, recorded_at)
FROM STDIN (FORMAT BINARY);

-- name: copy_disclosures --
COPY vault.disclosures (originator_id, originator_version, digest, salt, kind, subject, value) FROM STDIN (FORMAT BINARY);

-- name: copy_blobs --
COPY vault.blobs (originator_id, originator_version, digest, content) FROM STDIN (FORMAT BINARY);

-- name: copy_numbers --
COPY ledger.numbers (number, originator_id) FROM STDIN (FORMAT BINARY);

-- name: keep_position --
SELECT setval('ledger.stored_events_notification_id_seq', %s);

-- name: complete --
SELECT setval('ledger.problem_number', %s), setval('ledger.case_number', %s);

-- name: planted --
-- The events whose request says that they were planted: of a step with several, the one that contradicts the rule comes first.
SELECT DISTINCT ON (n.number) substr(s.request, length(%s) + 1), n.number, e.notification_id
FROM ledger.stored_events e
JOIN ledger.numbers n USING (originator_id)
CROSS JOIN LATERAL (SELECT convert_from(e.state, 'UTF8')::json ->> 'request_id') s (request)
WHERE position(%s::bytea IN e.state) > 0 AND e.topic LIKE 'case.%%'
ORDER BY n.number, e.notification_id;

-- name: vacuum_record --
VACUUM (ANALYZE) ledger.stored_events, ledger.numbers, vault.disclosures, vault.blobs;
