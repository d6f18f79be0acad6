-- Duplicates are looked for among the reports of open cases, by their rarest terms (R-5.6a). A term is a number for a word
-- without its ending; the application makes them. The view holds no words.
SET ROLE desk_projector;

-- Every view is emptied, and the projector folds all events anew.
DO $$
DECLARE
    emptied text;
BEGIN
    SELECT string_agg(format('views.%I', table_name), ', ') INTO emptied FROM information_schema.tables
    WHERE table_schema = 'views' AND table_type = 'BASE TABLE' AND table_name <> 'tracking';
    EXECUTE 'TRUNCATE ' || emptied;
END
$$;
UPDATE views.tracking SET position = 0, events = 0;

CREATE TABLE views.open_reports (
    case_id uuid PRIMARY KEY,
    received_at timestamptz NOT NULL,
    number text NOT NULL,
    service text,
    external_ref text,
    terms int[] NOT NULL -- and a negative one for the day of receipt
);
-- Without a list of pending entries: a search would read all of it.
CREATE INDEX open_report_terms_idx ON views.open_reports USING gin (terms) WITH (fastupdate = off);
CREATE INDEX open_report_ref_idx ON views.open_reports (external_ref, received_at) WHERE external_ref IS NOT NULL;
-- In how many of them each term is.
CREATE TABLE views.open_terms (
    term int PRIMARY KEY,
    cases int NOT NULL
) WITH (fillfactor = 80);
GRANT SELECT ON views.open_reports, views.open_terms TO desk_api, desk_processes, desk_mail, desk_auditor;
GRANT SELECT, DELETE ON views.open_reports TO desk_eraser;
GRANT SELECT, UPDATE, DELETE ON views.open_terms TO desk_eraser;

ALTER TABLE views.case_texts DROP COLUMN lexemes, DROP COLUMN external_ref, DROP COLUMN received_at, DROP COLUMN service,
    DROP COLUMN customer;

RESET ROLE;
SET ROLE desk_owner;

-- The earlier reports that are like one. Two sets are compared with it, each up to so many: those that have some of its
-- rarest terms, and those that have most of its terms. Of the latter none is missed: a report that lacks so many terms has
-- at least one of any set with one more. Several such sets, differently mixed, leave few others. Every row holds the share
-- of the terms of both that both have.
CREATE FUNCTION search.similar(
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
             LIMIT postings)
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
REVOKE ALL ON FUNCTION search.similar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search.similar TO desk_api, desk_processes, desk_mail;

-- Erases a copy of the views in the transaction of the erasure: what is left of a case's words is put back by the fold of
-- its event.
CREATE FUNCTION vault.forget_reports(views_schema text, erased uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    forgotten int[];
BEGIN
    EXECUTE format('WITH gone AS (DELETE FROM %I.open_reports WHERE case_id = ANY ($1) RETURNING terms)
                    SELECT array_agg(term) FROM gone, unnest(terms) AS term', views_schema) INTO forgotten USING erased;
    EXECUTE format('UPDATE %I.open_terms t SET cases = t.cases - g.cases
                    FROM (SELECT term, count(*) AS cases FROM unnest($1) AS term GROUP BY term) g
                    WHERE t.term = g.term', views_schema) USING forgotten;
    EXECUTE format('DELETE FROM %I.open_terms WHERE term = ANY ($1) AND cases = 0', views_schema) USING forgotten;
END
$$;
REVOKE ALL ON FUNCTION vault.forget_reports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.forget_reports TO desk_eraser;

CREATE OR REPLACE FUNCTION vault.erase(erased_subject text, erased_kinds text[], streams uuid[]) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    disclosures bigint;
    spoken uuid[];
BEGIN
    PERFORM FROM views.tracking FOR UPDATE;
    spoken := ARRAY(
        SELECT DISTINCT d.originator_id FROM vault.disclosures d
        WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
          AND d.kind <> 'contact');
    -- A rebuild that is going on, or was broken off, has copies of its own.
    IF to_regclass('views_shadow.known_errors') IS NOT NULL THEN
        BEGIN
            DELETE FROM views_shadow.case_texts t WHERE t.case_id = ANY (spoken);
            PERFORM vault.forget_reports('views_shadow', spoken);
            DELETE FROM views_shadow.known_errors k USING vault.disclosures d
            WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
              AND k.problem_id = d.originator_id AND k.version = d.originator_version;
        EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
            NULL; -- it was dropped just now
        END;
    END IF;
    DELETE FROM views.case_texts t WHERE t.case_id = ANY (spoken);
    PERFORM vault.forget_reports('views', spoken);
    WITH gone AS (
        DELETE FROM vault.disclosures d
        WHERE d.subject = erased_subject AND d.kind = ANY (erased_kinds) AND d.originator_id = ANY (streams)
        RETURNING d.originator_id AS id, d.originator_version AS version
    ), articles AS (
        DELETE FROM views.known_errors k USING gone g WHERE k.problem_id = g.id AND k.version = g.version
    )
    SELECT count(*) INTO disclosures FROM gone;
    RETURN disclosures;
END
$$;

RESET ROLE;
