-- Rebuilds of the views before 0.5.0 let PostgreSQL name the indexes of the new tables. They get their names back, so that
-- later migrations find them.
SET ROLE desk_projector;

DO $$
DECLARE
    wrong record;
BEGIN
    FOR wrong IN
        SELECT i.indexrelid::regclass AS index, w.name
        FROM (VALUES
            ('case_found_idx', 'ON views.case_texts USING gin (found)'),
            ('case_now_idx', 'UNIQUE ON views.case_intervals USING btree (case_id) WHERE upper_inf(positions)'),
            ('case_number_now_idx', 'UNIQUE ON views.case_intervals USING btree (number) WHERE upper_inf(positions)'),
            ('closes_now_idx', 'ON views.case_intervals USING btree (closes_at) WHERE (upper_inf(positions) AND (closes_at IS NOT NULL))'),
            ('known_error_lexemes_idx', 'ON views.known_errors USING gin (lexemes)'),
            ('known_error_trigrams_idx', 'ON views.known_errors USING gin (words extensions.gin_trgm_ops)'),
            ('obligation_now_idx', 'ON views.obligations USING btree (due_at, number, key) WHERE upper_inf(positions)'),
            ('open_case_lexemes_idx', 'ON views.case_texts USING gin (lexemes) WHERE open'),
            ('open_case_ref_idx', 'ON views.case_texts USING btree (external_ref) WHERE (open AND (external_ref IS NOT NULL))'),
            ('open_case_trigrams_idx', 'ON views.case_texts USING gin (words extensions.gin_trgm_ops) WHERE open'),
            ('outbox_due_idx', 'ON views.outbox USING btree (due_at, id) WHERE (due_at IS NOT NULL)'),
            ('quarantine_waiting_idx', 'ON views.quarantine USING btree (recorded, received_at, id) WHERE (cause IS NOT NULL)'),
            ('queue_now_idx', 'ON views.case_intervals USING btree (queue, COALESCE((priority)::integer, 9), received_at, number) WHERE (upper_inf(positions) AND (queue IS NOT NULL))')
        ) AS w (name, definition)
        JOIN pg_index i ON regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX \S+ ', '\1') = w.definition
        JOIN pg_class c ON c.oid = i.indexrelid AND c.relname <> w.name AND c.relnamespace = 'views'::regnamespace
        WHERE to_regclass('views.' || w.name) IS NULL
    LOOP
        EXECUTE format('ALTER INDEX %s RENAME TO %I', wrong.index, wrong.name);
    END LOOP;
END
$$;

RESET ROLE;
