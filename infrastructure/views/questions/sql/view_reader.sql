-- Shared by all questions. `at_point` picks the interval `c` that the ledger knew at a position and that had happened by a
-- moment. `now` picks the open interval, which partial indexes hold.

-- name: position --
SELECT position FROM views.tracking;

-- name: position_at --
SELECT notification_id FROM ledger.stored_events WHERE recorded_at <= %s
ORDER BY recorded_at DESC, notification_id DESC LIMIT 1;

-- name: likeness --
-- A word of seven letters with two swapped has a similarity of 0.375. The default threshold of 0.6 would miss it.
SET LOCAL pg_trgm.word_similarity_threshold = 0.35;

-- name: now --
upper_inf(c.positions)

-- name: at_point --
lower(c.positions) <= %(position)s AND lower(c.valid) <= %(effective_at)s
AND NOT (coalesce(upper(c.positions), %(position)s + 1) <= %(position)s
         AND coalesce(upper(c.valid), 'infinity') <= %(effective_at)s)

-- name: columns --
c.case_id AS id, c.number, c.version, c.status, c.queue, c.priority, c.impact, c.severity, c.service, c.team,
c.technician, c.channel, c.nature, c.agency, c.customer, c.received_at, c.resolve_by, c.resolved_at, c.resolution_code,
c.closed_at, c.dispute_until, c.problem, c.pending_reason, c.pending_since, c.reopenings, c.external_ref, c.imported,
(SELECT position FROM views.tracking) AS position,
-- The latest subject line. It stays in the vault, so that an erasure there removes it here.
(SELECT d.value FROM vault.disclosures d
 WHERE d.originator_id = c.case_id AND d.kind = 'customer_words' AND d.value LIKE '{"subject":%%'
   AND d.originator_version <= c.version
 ORDER BY d.originator_version DESC LIMIT 1) AS words
