-- Shared by all questions. Cases as they are now stand in two tables; what events have ended stands in a third.

-- name: position --
SELECT position FROM views.tracking;

-- name: position_at --
-- The event before the first one that was recorded later. That one is looked for from the last milestone at or before the moment:
-- some 60 events at most, and more only where sequences skipped milestones.
SELECT max(e.notification_id) AS position FROM ledger.stored_events e
WHERE e.notification_id < coalesce((
    SELECT later.notification_id FROM ledger.stored_events later
    WHERE later.recorded_at > %(moment)s AND later.notification_id >= coalesce((
        SELECT m.notification_id FROM ledger.stored_events m
        WHERE m.notification_id %% 32 = 0 AND m.recorded_at <= %(moment)s
        ORDER BY m.recorded_at DESC, m.notification_id DESC LIMIT 1), 0)
    ORDER BY later.notification_id LIMIT 1), 9223372036854775807);

-- name: searching --
-- A word of seven letters with two swapped has a similarity of 0.375 to the words it is in, and of 0.33 to the word that is
-- meant; one of five letters, of 0.2. The default thresholds would miss them. PostgreSQL has no statistics of rare words: it
-- expects thousands of rows and would read the whole table.
SELECT set_config('pg_trgm.word_similarity_threshold', '0.35', true), set_config('pg_trgm.similarity_threshold', '0.2', true),
       set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true);

-- name: snapshot --
-- Rows of lists lie in memory: a page out of order costs no more than the next one. A page is too little for workers or JIT.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL random_page_cost = 1;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;

-- name: now --
(TABLE views.open_cases UNION ALL TABLE views.closed_cases)

-- name: columns --
c.case_id AS id, c.number, c.version, c.status, c.queue, c.priority, c.impact, c.severity, c.service, c.team,
c.technician, c.channel, c.nature, c.agency, c.customer, c.major, c.received_at, c.updated_at, c.respond_by, c.resolve_by, c.due_at,
c.resolved_at, c.resolution_code, c.closed_at, c.dispute_until, c.problem, c.pending_reason, c.pending_since, c.reopenings,
c.external_ref, c.imported, (SELECT position FROM views.tracking) AS position,
-- The latest subject line, as the JSON that the vault has of it. It stays there, so that an erasure there removes it here.
(SELECT substring(d.value FROM '^\{"subject": ?("(?:[^"\\]|\\.)*")')
 FROM vault.disclosures d
 WHERE d.originator_id = c.case_id AND d.originator_version = c.worded AND d.kind = 'customer_words'
   AND d.value LIKE '{"subject":%%' LIMIT 1) AS subject
