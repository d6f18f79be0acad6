-- The search for known errors. A score is above 0.5 for one with the words, and at most 0.5 for one with similar words. Words erased from the vault are not found, even where a view still has a copy.

-- name: known_errors --
-- At most so many are scored: where more fit, the newest of them.
SELECT * FROM (
    SELECT k.known_error AS id, k.problem, k.problem_status, k.service, k.title, k.symptoms, k.workaround,
           round(({score})::numeric, 4)::float8 AS score, k.problem_status IN ('resolved', 'closed') AS settled,
           (SELECT position FROM views.tracking) AS position
    FROM (
        SELECT k.*, p.number AS problem, p.status AS problem_status, p.service
        FROM views.known_errors k
        JOIN views.problems p ON p.id = k.problem_id
        WHERE {matches} AND (%(service)s::text IS NULL OR p.service = %(service)s)
        {most}
    ) k
    WHERE EXISTS (SELECT FROM vault.disclosures d
                  WHERE d.originator_id = k.problem_id AND d.originator_version = k.version)
) f
WHERE {after}
ORDER BY f.settled, f.score DESC NULLS LAST, f.id

-- name: newest --
ORDER BY k.known_error DESC LIMIT 500

-- name: some --
LIMIT 200

-- name: article_question --
SELECT search.question(%(query)s)::text AS question;

-- name: article_matches --
k.lexemes @@ %(asked)s::tsquery

-- name: article_rank --
0.5 + ts_rank(k.lexemes, %(asked)s::tsquery, 32) / 2

-- name: article_alike --
%(query)s OPERATOR(extensions.<%%) k.words

-- name: article_likeness --
extensions.word_similarity(%(query)s, k.words) / 2

-- name: after_article --
(f.settled, -coalesce(f.score, 0), f.id) > (%(settled)s, -%(score)s::float8, %(id)s)
