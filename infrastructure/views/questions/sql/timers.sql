-- Due closures, targets and mails. A case with an unread mail of its customer is not closed (R-5.9d): `domain.fate.ReceiptCause`.

-- name: due_closures --
SELECT c.number, c.resolution_version
FROM views.open_cases c
WHERE c.closes_at <= %s
  AND NOT EXISTS (SELECT FROM views.quarantine q WHERE q.suggestion = c.number AND q.cause <> 'stranger' AND NOT q.recorded)
ORDER BY c.closes_at, c.number LIMIT %s;

-- name: due_targets --
SELECT t.number FROM views.targets t WHERE t.waits = ANY (%s) AND t.next_at <= %s ORDER BY t.next_at, t.number LIMIT %s;

-- name: due_messages --
SELECT m.id FROM views.outbox m WHERE m.due_at <= %s ORDER BY m.due_at, m.id LIMIT %s;

-- name: next_due --
SELECT least(
    (
        SELECT c.closes_at FROM views.open_cases c
        WHERE c.closes_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM views.quarantine q WHERE q.suggestion = c.number AND q.cause <> 'stranger' AND NOT q.recorded)
        ORDER BY c.closes_at LIMIT 1
    ),
    (
        SELECT min(first.next_at) FROM unnest(%s::text[]) AS running (waits)
        CROSS JOIN LATERAL (
            SELECT t.next_at FROM views.targets t WHERE t.waits = running.waits AND t.next_at IS NOT NULL
            ORDER BY t.next_at LIMIT 1
        ) first
    ),
    (SELECT min(m.due_at) FROM views.outbox m WHERE m.due_at IS NOT NULL)
);
