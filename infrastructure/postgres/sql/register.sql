-- Look-ups of the write side.

-- name: find --
SELECT originator_id FROM ledger.numbers WHERE number = %s;

-- name: any_case --
SELECT 1 FROM ledger.numbers WHERE number >= 'INC-' AND number < 'INC.' LIMIT 1;

-- name: existing --
SELECT originator_id FROM ledger.stored_events WHERE originator_id = ANY(%b::uuid[]) AND originator_version = 1;

-- name: reference_events --
-- PostgreSQL cannot know how few these are among millions, and would merge all events with all disclosures. So the
-- disclosures are looked up for each (OFFSET 0 keeps the look-up apart).
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id, e.recorded_at, e.db_role,
       d.digest, d.salt, d.kind, d.subject, d.value
FROM ledger.stored_events e
LEFT JOIN LATERAL (
    SELECT * FROM vault.disclosures v
    WHERE v.originator_id = e.originator_id AND v.originator_version = e.originator_version OFFSET 0
) d ON true
WHERE split_part(e.topic, '.', 1) = ANY (ledger.reference_topics())
  AND e.notification_id > %s
ORDER BY e.notification_id;

-- name: latest --
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id, e.recorded_at, e.db_role,
       d.digest, d.salt, d.kind, d.subject, d.value
FROM unnest(%b::uuid[]) AS w (id)
CROSS JOIN LATERAL (SELECT * FROM ledger.stored_events s WHERE s.originator_id = w.id
                    ORDER BY s.originator_version DESC LIMIT 1) e
LEFT JOIN vault.disclosures d USING (originator_id, originator_version)
ORDER BY e.originator_id;

-- name: approvals --
SELECT originator_id FROM ledger.stored_events WHERE topic = 'approval.opened' ORDER BY notification_id;

-- name: next_case_numbers --
SELECT nextval('ledger.case_number') FROM generate_series(1, %s);

-- name: next_problem_number --
SELECT nextval('ledger.problem_number');

-- name: disclosed --
SELECT d.originator_id, split_part(e.topic, '.', 1), d.kind, count(*)
FROM vault.disclosures d
JOIN ledger.stored_events e USING (originator_id, originator_version)
WHERE d.subject = %s
GROUP BY 1, 2, 3 ORDER BY 1, 3;

-- name: begun --
SELECT DISTINCT d.originator_id
FROM vault.disclosures d
JOIN ledger.stored_events e USING (originator_id, originator_version)
WHERE d.subject = %s AND d.originator_version = 1 AND d.originator_id >= %s AND e.topic = %s
ORDER BY d.originator_id DESC LIMIT 100;

-- name: content --
SELECT substr(content, %s::int, %s::int) FROM vault.blobs
WHERE originator_id = %s AND originator_version = %s AND digest = %s;

-- name: answer --
SELECT request, originator_id, originator_version, position FROM ledger.idempotency WHERE key = %s;

-- name: pseudonym_key --
SELECT key FROM vault.pseudonym_key;
