-- Reports of open cases by their terms. The view of cases has folded the batch before.

-- name: forget --
DELETE FROM views.open_reports WHERE case_id = ANY(%b::uuid[]) RETURNING terms;

-- name: open --
SELECT case_id, number, received_at, service, external_ref FROM views.open_cases WHERE case_id = ANY(%b::uuid[]);

-- name: count --
INSERT INTO views.open_terms AS t (term, cases) SELECT * FROM unnest(%b::int[], %b::int[])
ON CONFLICT (term) DO UPDATE SET cases = t.cases + excluded.cases;

-- name: drop_unused --
DELETE FROM views.open_terms WHERE term = ANY(%b::int[]) AND cases = 0;
