-- As before, and reports of other lengths are left out, and the second set where the first one holds it.
SET ROLE desk_owner;

-- The earlier reports that are like one. Two sets are compared with it, each up to so many: those that have some of its
-- rarest terms, and those that have most of its terms. Of the latter none is missed: a report that lacks so many terms has
-- at least one of any set with one more. Several such sets, differently mixed, leave few others. Every row holds the share
-- of the terms of both that both have.
CREATE OR REPLACE FUNCTION search.similar(
    asked int[], asked_number text, asked_service text, asked_ref text, since timestamptz, until timestamptz,
    newest_day int, oldest_day int, decided text[], certain float8, other_service float8, postings int, most int)
RETURNS TABLE (number text, service text, received_at timestamptz, external_ref text, shared float8)
LANGUAGE plpgsql STABLE
-- Without statistics of a term, PostgreSQL expects thousands of rows and reads the whole table.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
    total CONSTANT float8 := (SELECT sum(t.cases) FROM views.open_terms t WHERE t.term < 0);
    days int[] := ARRAY(SELECT t.term FROM views.open_terms t WHERE t.term BETWEEN newest_day AND oldest_day);
    share CONSTANT float8 := (SELECT sum(t.cases) / total FROM views.open_terms t WHERE t.term = ANY (days));
    slack int := floor(cardinality(asked) * (1 - certain) + 1e-9) - cardinality(asked);
    word record;
    rare int[] := '{}';
    reached float8 := 0;
    covered int := 0;
    sets text[] := '{}'; -- arrays of terms: PostgreSQL has no array of arrays of several lengths
    filling int[] := '{}';
    weight int := 0;
BEGIN
    IF cardinality(days) > 64 THEN
        days := NULL; -- so many lists of days cost more than they save
    END IF;
    -- Of the terms that may be missing, those that no report has are missing already.
    slack := slack + coalesce((SELECT count(*) FROM views.open_terms t WHERE t.term = ANY (asked)), 0);
    -- One term stands for each word. The last bits tell the weight of the word (application/views/open_reports.py).
    FOR word IN WITH words AS MATERIALIZED (
                    SELECT t.term, t.cases, CASE t.term & 3 WHEN 0 THEN 3 ELSE 1 END AS weight,
                           row_number() OVER (ORDER BY t.cases, t.term) AS rarity, count(*) OVER () AS count
                    FROM views.open_terms t WHERE t.term = ANY (asked) AND t.term & 3 IN (0, 3)
                )
                SELECT w.*, m.mixture FROM words w CROSS JOIN generate_series(1, 3) AS m (mixture)
                ORDER BY m.mixture, CASE m.mixture WHEN 2 THEN (w.rarity - 1) % greatest(w.count / greatest(slack + 1, 1), 2)
                                                   WHEN 3 THEN least(w.rarity, w.count + 1 - w.rarity) END, w.rarity
    LOOP
        IF word.rarity = 1 THEN
            filling := '{}';
            weight := 0;
        END IF;
        IF word.mixture = 1 THEN
            reached := reached + word.cases * share;
            IF reached <= postings OR rare = '{}' THEN
                rare := rare || word.term;
                covered := CASE WHEN reached <= postings THEN covered + word.weight ELSE 0 END;
            END IF;
        END IF;
        filling := filling || word.term;
        weight := weight + word.weight;
        IF slack >= 0 AND weight > slack THEN
            sets := sets || filling::text;
            filling := '{}';
            weight := 0;
        END IF;
    END LOOP;
    IF covered > slack THEN
        sets := '{}'; -- the rare terms are such a set
    END IF;
    RETURN QUERY
    SELECT f.number, f.service, f.received_at, f.external_ref, f.shared
    FROM (
        SELECT c.case_id, c.number, c.service, c.received_at, c.external_ref,
               c.common / (cardinality(asked) + cardinality(c.terms) - 1 - c.common)::float8 AS shared
        FROM (
            (SELECT o.*, extensions.icount(o.terms OPERATOR(extensions.&) asked) AS common
             FROM views.open_reports o
             WHERE o.terms && rare AND o.terms && coalesce(days, rare) AND o.received_at >= since
               AND (o.received_at, o.number) < (until, asked_number)
               AND (asked_ref IS NULL OR o.external_ref IS DISTINCT FROM asked_ref)
             LIMIT 3 * postings)
            UNION
            (SELECT o.*, extensions.icount(o.terms OPERATOR(extensions.&) asked)
             FROM views.open_reports o
             WHERE o.terms && sets[1]::int[] AND o.terms && coalesce(sets[2], sets[1])::int[]
               AND o.terms && coalesce(sets[3], sets[1])::int[] AND o.terms && coalesce(sets[4], sets[1])::int[]
               AND o.terms && coalesce(sets[5], sets[1])::int[] AND o.terms && coalesce(sets[6], sets[1])::int[]
               AND o.terms && coalesce(sets[7], sets[1])::int[] AND o.terms && coalesce(sets[8], sets[1])::int[]
               AND o.terms && coalesce(days, sets[1]::int[]) AND o.received_at >= since
               AND (o.received_at, o.number) < (until, asked_number)
               AND (asked_ref IS NULL OR o.external_ref IS DISTINCT FROM asked_ref)
               -- One much shorter or longer cannot share enough.
               AND cardinality(o.terms) - 1 BETWEEN cardinality(asked) * certain - 1e-9 AND cardinality(asked) / greatest(certain, 1e-3) + 1e-9
             LIMIT 3 * postings)
            UNION ALL
            (SELECT o.*, extensions.icount(o.terms OPERATOR(extensions.&) asked)
             FROM views.open_reports o
             WHERE o.external_ref = asked_ref AND o.received_at >= since
               AND (o.received_at, o.number) < (until, asked_number)
             ORDER BY o.external_ref, o.received_at DESC LIMIT most + cardinality(decided))
        ) c
        WHERE c.number <> ALL (decided)
        ORDER BY (c.external_ref = asked_ref) IS TRUE DESC,
                 c.common / (cardinality(asked) + cardinality(c.terms) - 1 - c.common)::float8
                 * CASE WHEN c.service <> asked_service OR c.external_ref <> asked_ref THEN other_service ELSE 1 END DESC,
                 c.received_at DESC, c.number
        LIMIT most
    ) f
    WHERE EXISTS (SELECT FROM vault.disclosures d WHERE d.originator_id = f.case_id AND d.kind = 'customer_words');
END
$$;

RESET ROLE;
