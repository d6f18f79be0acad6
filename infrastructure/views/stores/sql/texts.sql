-- The words of cases, for searching. The view of cases, which has folded the batch before, gives the columns beside them.

-- name: words --
SELECT d.originator_id,
       array_agg(d.value ORDER BY d.originator_version) FILTER (WHERE e.topic IN ('case.logged', 'case.corrected')),
       array_agg(d.value ORDER BY d.originator_version, d.digest)
           FILTER (WHERE e.topic NOT IN ('case.logged', 'case.corrected'))
FROM unnest(%b::uuid[], %b::bigint[]) AS w (id, version)
JOIN vault.disclosures d ON d.originator_id = w.id AND d.originator_version <= w.version
JOIN ledger.stored_events e ON e.originator_id = d.originator_id AND e.originator_version = d.originator_version
WHERE (e.topic IN ('case.logged', 'case.corrected') AND d.kind = 'customer_words')
   OR (e.topic IN ('case.message_received', 'case.noted', 'case.resolved', 'case.disputed', 'case.attached')
       AND d.kind <> 'contact')
GROUP BY 1;

-- name: store --
INSERT INTO views.case_texts (case_id, open, number, words, more)
SELECT c.case_id, c.status <> 'closed', c.number, w.words, w.more
FROM unnest(%b::uuid[], %b::text[], %b::text[]) AS w (id, words, more)
JOIN (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c ON c.case_id = w.id
ON CONFLICT (case_id) DO UPDATE SET words = excluded.words, more = excluded.more
WHERE (case_texts.words, case_texts.more) IS DISTINCT FROM (excluded.words, excluded.more);

-- name: forget --
DELETE FROM views.case_texts WHERE case_id = ANY(%b::uuid[]);

-- name: move --
UPDATE views.case_texts t SET open = c.status <> 'closed'
FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c
WHERE t.case_id = ANY(%b::uuid[]) AND c.case_id = t.case_id AND t.open <> (c.status <> 'closed');
