-- Mails as they are.

-- name: load --
SELECT m.id, m.version, m.queued_at, m.due_at, m.accepted_at, m.attempts, m.outcome, m.kind, m.number, m.message_id
FROM views.outbox m WHERE m.id = ANY(%b::uuid[]);

-- name: store --
INSERT INTO views.outbox (id, version, queued_at, due_at, accepted_at, attempts, outcome, kind, number, message_id)
SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::int[],
                     %b::text[], %b::text[], %b::text[], %b::text[])
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, due_at = excluded.due_at, accepted_at = excluded.accepted_at,
    attempts = excluded.attempts, outcome = excluded.outcome;
