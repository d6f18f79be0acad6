-- Words that are like those of a query, among all that cases have.

-- name: likeness --
(SELECT round(avg(w.alike)::numeric / 2, 4)::float8
 FROM (SELECT max(CASE WHEN {lexemes} @@ a.word::tsquery THEN a.alike ELSE 0 END) AS alike
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
