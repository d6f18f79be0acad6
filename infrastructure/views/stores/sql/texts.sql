-- The lexemes of cases, for searching, and how many cases have each word. The view of cases, which has folded the batch
-- before, gives their numbers.

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
WITH told AS MATERIALIZED (
    SELECT w.id, search.lexemes(w.words) || search.spans(c.number) AS lexemes
    FROM unnest(%b::uuid[], %b::text[]) AS w (id, words)
    JOIN (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c ON c.case_id = w.id
), before AS MATERIALIZED (
    SELECT t.lexemes FROM views.case_texts t WHERE t.case_id = ANY (SELECT id FROM told)
), kept AS (
    INSERT INTO views.case_texts AS t (case_id, lexemes) SELECT id, lexemes FROM told
    ON CONFLICT (case_id) DO UPDATE SET lexemes = excluded.lexemes WHERE t.lexemes <> excluded.lexemes
), counted AS (
    INSERT INTO views.words AS w (word, cases)
    SELECT word, sum(cases) FROM (
        SELECT search.words(lexemes) AS word, 1 AS cases FROM told
        UNION ALL
        SELECT search.words(lexemes), -1 FROM before
    ) AS changes GROUP BY word HAVING sum(cases) <> 0 ORDER BY word
    ON CONFLICT (word) DO UPDATE SET cases = w.cases + excluded.cases
    RETURNING word, cases
)
SELECT word FROM counted WHERE cases = 0;

-- name: forget --
WITH gone AS (
    DELETE FROM views.case_texts WHERE case_id = ANY(%b::uuid[]) RETURNING lexemes
), counted AS (
    UPDATE views.words w SET cases = w.cases - g.cases
    FROM (SELECT word, count(*) AS cases FROM gone, search.words(gone.lexemes) AS word GROUP BY word) g
    WHERE w.word = g.word RETURNING w.word, w.cases
)
SELECT word FROM counted WHERE cases = 0;

-- name: drop_unused --
-- Another fold may have counted a case again.
DELETE FROM views.words WHERE word = ANY(%b::text[]) AND cases = 0;
