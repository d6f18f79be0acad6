-- How words are read for searching, the same for texts and for questions: Unicode's NFKC, split at whatever is neither
-- letter nor digit. English words lose their endings, and stop words are kept. Scripts that write no blanks between words
-- (Chinese, Japanese, Korean, Thai and others) are indexed by pairs of neighbouring characters: no dictionary is needed.
SET ROLE desk_owner;

CREATE SCHEMA search;
GRANT USAGE ON SCHEMA search TO desk_api, desk_projector, desk_processes, desk_mail, desk_auditor;

CREATE TEXT SEARCH DICTIONARY search.stems (TEMPLATE = pg_catalog.snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION search.english (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION search.english ALTER MAPPING REPLACE pg_catalog.english_stem WITH search.stems;

-- The characters of the scripts without blanks, for a bracket of a regular expression.
CREATE FUNCTION search.unspaced() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ede\u1000-\u1049\u1050-\u109d\u1780-\u17d3'
    '\u2e80-\u2fdf\u3005-\u3007\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u318e\u31a0-\u31bf'
    '\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff';

CREATE FUNCTION search.plain(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    regexp_replace(normalize(said, NFKC) COLLATE pg_catalog.pg_c_utf8, '[^[:alnum:]' || search.unspaced() || ']+', ' ', 'g');

-- The words of a text in the scripts that write blanks.
CREATE FUNCTION search.spaced(plain text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN octet_length(plain) = length(plain) THEN plain
         ELSE regexp_replace(plain, '[' || search.unspaced() || ']+', ' ', 'g') END;

-- Each character of the other scripts with the next one; the last of a run stands alone.
CREATE FUNCTION search.pairs(plain text) RETURNS TABLE (pair text, alone boolean) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT c || coalesce(lead(c) OVER (PARTITION BY r.place ORDER BY s.place), ''), length(r.run[1]) = 1
    FROM regexp_matches(plain, '[' || search.unspaced() || ']+', 'g') WITH ORDINALITY AS r (run, place),
         string_to_table(r.run[1], NULL) WITH ORDINALITY AS s (c, place)
$$;

CREATE FUNCTION search.lexemes(said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain text := search.plain(said);
BEGIN
    IF octet_length(plain) = length(plain) THEN
        RETURN to_tsvector('search.english', plain);
    END IF;
    RETURN to_tsvector('search.english', search.spaced(plain))
        || array_to_tsvector(ARRAY(SELECT DISTINCT pair FROM search.pairs(plain)));
END
$$;

-- A question: all of its words, wherever they stand; a pair of quotes holds words that follow each other, and a quote
-- without its like says nothing. Stop words count inside quotes, and where there are no other words.
CREATE FUNCTION search.question(asked text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    piece text[];
    plain text;
    said text;
    words text := '';
    stops text := '';
BEGIN
    FOR piece IN SELECT regexp_matches(normalize(asked, NFKC), '"([^"]+)"|([^"\s]+)', 'g') LOOP
        plain := search.plain(coalesce(piece[1], piece[2]));
        said := phraseto_tsquery('search.english', search.spaced(plain))::text;
        IF said <> '' THEN
            stops := concat(stops, ' & (', said, ')');
        END IF;
        IF piece[1] IS NULL THEN
            said := phraseto_tsquery('pg_catalog.english', search.spaced(plain))::text;
        END IF;
        IF said <> '' THEN
            words := concat(words, ' & (', said, ')');
        END IF;
        IF octet_length(plain) <> length(plain) THEN
            SELECT string_agg(DISTINCT concat(' & ''', pair, '''', CASE WHEN alone THEN ':*' END), '') INTO said
            FROM search.pairs(plain) WHERE alone OR length(pair) = 2;
            words := words || coalesce(said, '');
        END IF;
    END LOOP;
    RETURN substr(CASE words WHEN '' THEN stops ELSE words END, 4)::tsquery;
END
$$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA search TO desk_api, desk_projector, desk_processes, desk_mail, desk_auditor;

SET ROLE desk_projector;

ALTER TABLE views.case_texts DROP COLUMN lexemes,
    ADD COLUMN lexemes tsvector NOT NULL GENERATED ALWAYS AS (search.lexemes(words)) STORED,
    -- What a search looks into; `lexemes` is what cases are compared by.
    ADD COLUMN found tsvector NOT NULL GENERATED ALWAYS AS (search.lexemes(words || ' ' || more)) STORED;
CREATE INDEX case_found_idx ON views.case_texts USING gin (found);
CREATE INDEX open_case_lexemes_idx ON views.case_texts USING gin (lexemes) WHERE open;
ALTER TABLE views.known_errors DROP COLUMN lexemes,
    ADD COLUMN lexemes tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(search.lexemes(title), 'A') || setweight(search.lexemes(symptoms), 'B')
        || setweight(search.lexemes(workaround), 'C')) STORED;
CREATE INDEX known_error_lexemes_idx ON views.known_errors USING gin (lexemes);

RESET ROLE;
