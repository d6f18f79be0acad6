-- Reports of open cases by their terms. The view of cases has folded the batch before.

-- name: forget --
DELETE FROM views.open_reports WHERE case_id = ANY(%b::uuid[]) RETURNING terms;

-- name: reports --
SELECT c.case_id, c.number, c.received_at, c.service, c.external_ref, array_agg(d.value ORDER BY d.originator_version) AS values
FROM unnest(%b::uuid[], %b::bigint[]) AS w (id, version)
JOIN views.open_cases c ON c.case_id = w.id
JOIN vault.disclosures d ON d.originator_id = w.id AND d.originator_version <= w.version AND d.kind = 'customer_words'
JOIN ledger.stored_events e ON e.originator_id = d.originator_id AND e.originator_version = d.originator_version
                           AND e.topic IN ('case.logged', 'case.corrected')
GROUP BY c.case_id, c.number, c.received_at, c.service, c.external_ref;

-- name: count --
INSERT INTO views.open_terms AS t (term, cases) SELECT * FROM unnest(%b::int[], %b::int[])
ON CONFLICT (term) DO UPDATE SET cases = t.cases + excluded.cases;

-- name: drop_unused --
DELETE FROM views.open_terms WHERE term = ANY(%b::int[]) AND cases = 0;
