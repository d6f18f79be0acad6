-- The search for cases by their words. A score is above 0.5 for a case with all words, and below 0.5 for one with similar words.
-- Words erased from the vault are not found, even where a view still has a copy.

-- name: begin --
SELECT search.question(%(query)s)::text AS question, (SELECT position FROM views.tracking) AS position,
       substring(greatest((SELECT max(number) FROM views.open_cases), (SELECT max(number) FROM views.closed_cases))
                 FROM '\d+$')::bigint AS last;

-- name: named --
SELECT c.case_id, c.number, 1.0::float8 AS score FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c
WHERE c.number = %(named)s AND {filters};

-- name: matching --
SELECT f.case_id, c.number, f.score,
       EXISTS (SELECT FROM vault.disclosures d WHERE d.originator_id = f.case_id AND d.kind <> 'contact') AS told
FROM (SELECT t.case_id, {score} AS score FROM views.case_texts t WHERE t.lexemes @@ %(matches)s::tsquery LIMIT %(most)s) f
LEFT JOIN (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c
    ON c.case_id = f.case_id AND {filters} AND c.number IS DISTINCT FROM %(named)s::text;

-- name: rank --
round((0.5 + ts_rank(t.lexemes, %(asked)s::tsquery, 33) / 2)::numeric, 4)::float8

-- name: cases --
SELECT {columns} FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS f (id, place)
JOIN (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c ON c.case_id = f.id
ORDER BY f.place;
