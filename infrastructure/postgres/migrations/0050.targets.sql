-- The timers of targets (R-5.2e): when a case falls due for a warning or a breach, and what was recorded of it.
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

-- `due_at` is the sooner of the targets that a case has not met.
ALTER TABLE views.open_cases
    ADD COLUMN responded_at timestamptz,
    ADD COLUMN respond_warning_at timestamptz,
    ADD COLUMN resolve_warning_at timestamptz,
    ADD COLUMN due_at timestamptz;
ALTER TABLE views.closed_cases
    ADD COLUMN responded_at timestamptz,
    ADD COLUMN respond_warning_at timestamptz,
    ADD COLUMN resolve_warning_at timestamptz,
    ADD COLUMN due_at timestamptz;
ALTER TABLE views.case_intervals ADD COLUMN due_at timestamptz;
CREATE INDEX open_soonest_idx ON views.open_cases (due_at, number) WHERE status <> 'resolved';

-- A row for each target that a case runs towards or has run past, and for each about which something was recorded. The case's
-- stream sets the first columns, the stream of its watch `warned` and `breached`: lists of due times. `next_at` follows from both.
CREATE TABLE views.targets (
    number text NOT NULL,
    kind text NOT NULL,
    due_at timestamptz,
    warning_at timestamptz,
    -- What the case waits for; empty where it does not.
    waits text NOT NULL DEFAULT '',
    warned timestamptz[] NOT NULL DEFAULT '{}',
    breached timestamptz[] NOT NULL DEFAULT '{}',
    next_at timestamptz GENERATED ALWAYS AS (
        CASE WHEN due_at = ANY (breached) THEN NULL
             WHEN due_at = ANY (warned) THEN due_at
             ELSE least(warning_at, due_at) END) STORED,
    PRIMARY KEY (number, kind)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX target_next_idx ON views.targets (waits, next_at) WHERE next_at IS NOT NULL;

-- Each breach on record, for jobs that count them.
CREATE VIEW reporting.target_breaches AS
SELECT t.number, t.kind, unnest(t.breached) AS due_at FROM views.targets t;
COMMENT ON VIEW reporting.target_breaches IS 'One row a breach of a target on record, whatever became of the case.';
COMMENT ON COLUMN reporting.target_breaches.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.target_breaches.kind IS 'respond (the first contact) or resolve.';
COMMENT ON COLUMN reporting.target_breaches.due_at IS 'When the target was due. Unique with number and kind.';

GRANT SELECT ON views.targets TO desk_api, desk_processes, desk_mail, desk_auditor;
GRANT SELECT ON reporting.target_breaches TO desk_auditor, desk_reporter;

RESET ROLE;

-- The processes queue the mails of escalations, and a mail is registered by its Message-ID. Numbers of cases and problems stay the API's.
SET ROLE desk_owner;

CREATE FUNCTION ledger.refuse_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% registers no number but the Message-IDs of its mails', session_user
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER message_ids_only BEFORE INSERT ON ledger.numbers
    FOR EACH ROW WHEN (session_user = 'desk_processes' AND NEW.number NOT LIKE '<%') EXECUTE FUNCTION ledger.refuse_number();
ALTER TABLE ledger.numbers ENABLE ALWAYS TRIGGER message_ids_only;
GRANT INSERT ON ledger.numbers TO desk_processes;

RESET ROLE;
