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

-- name: likeness --
(SELECT round(avg(w.alike)::numeric / 2, 4)::float8
 FROM (SELECT max(CASE WHEN t.lexemes @@ a.word::tsquery THEN a.alike ELSE 0 END) AS alike
       FROM unnest(%(places)s::int[], %(words)s::text[], %(alike)s::float8[]) AS a (place, word, alike) GROUP BY a.place) w)

-- name: pieces --
-- The pieces of a query that are searched, and those of them that are one word that may be misspelt.
SELECT * FROM (
    SELECT p.place, search.question(p.piece)::text AS question,
           (SELECT min(word) FROM search.words(search.lexemes(p.piece)) AS word
            WHERE length(search.lexemes(p.piece)) = 1) AS typed,
           to_tsvector('pg_catalog.english', search.spaced(search.plain(p.piece))) = '' AS small, 
           bool_and(to_tsvector('pg_catalog.english', search.spaced(search.plain(p.piece))) = '') OVER () AS all_small
    FROM unnest(%(pieces)s::text[]) WITH ORDINALITY AS p (piece, place)
) w
WHERE w.question <> '' AND (NOT w.small OR w.all_small) ORDER BY w.place;

-- name: near --
SELECT f.place, n.word
FROM unnest(%(places)s::int[], %(forms)s::text[]) AS f (place, form)
CROSS JOIN LATERAL (SELECT w.word FROM views.words w WHERE w.word OPERATOR(extensions.%%) f.form
                    ORDER BY extensions.similarity(w.word, f.form) DESC, w.word LIMIT 100) n;

-- name: cases --
SELECT {columns} FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS f (id, place)
JOIN (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c ON c.case_id = f.id
ORDER BY f.place;
