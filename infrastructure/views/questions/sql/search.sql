-- The search for known errors. A score is above 0.5 for a row with the words, and at most 0.5 for one with
-- similar words. Words erased from the vault are not found, even where a view still has a copy.

-- name: known_errors --
SELECT * FROM (
    SELECT k.known_error AS id, p.number AS problem, p.status AS problem_status, p.service, k.title, k.symptoms,
           k.workaround, {score} AS score, p.status IN ('resolved', 'closed') AS settled,
           (SELECT position FROM views.tracking) AS position
    FROM views.known_errors k
    JOIN views.problems p ON p.id = k.problem_id
    WHERE {matches} AND (%(service)s::text IS NULL OR p.service = %(service)s)
      AND EXISTS (SELECT FROM vault.disclosures d
                  WHERE d.originator_id = k.problem_id AND d.originator_version = k.version)
) f
WHERE {after}
ORDER BY f.settled, f.score DESC NULLS LAST, f.id

-- name: article_matches --
(k.lexemes @@ search.question(%(query)s) OR %(similar)s OPERATOR(extensions.<%%) k.words)

-- name: article_score --
round((CASE WHEN k.lexemes @@ search.question(%(query)s)
            THEN 0.5 + ts_rank(k.lexemes, search.question(%(query)s), 32) / 2
            ELSE extensions.word_similarity(%(query)s, k.words) / 2 END)::numeric, 4)::float8

-- name: after_article --
(f.settled, -coalesce(f.score, 0), f.id) > (%(settled)s, -%(score)s::float8, %(id)s)
