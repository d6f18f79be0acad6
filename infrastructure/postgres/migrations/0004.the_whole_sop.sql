-- The read side of the whole SOP: timers, obligations, problems and known errors, words to search by, the outbox.
-- Views can be thrown away: they are emptied here, and the projector folds every event anew.
SET ROLE desk_projector;

TRUNCATE views.case_intervals, views.resolutions, views.queue_counts, views.case_counts;
UPDATE views.tracking SET position = 0, events = 0, halted_at = NULL, halted_by = NULL;

ALTER TABLE views.case_intervals
    ADD COLUMN closes_at timestamptz,
    ADD COLUMN suspected_at timestamptz,
    ADD COLUMN resolve_by timestamptz,
    ADD COLUMN resolution_version bigint,
    ADD COLUMN failed_fixes integer NOT NULL,
    ADD COLUMN resolution_code text;
-- The durable timer of the automatic closure.
CREATE INDEX closes_now_idx ON views.case_intervals (closes_at) WHERE upper_inf(positions) AND closes_at IS NOT NULL;

ALTER TABLE views.resolutions
    ADD COLUMN first_contact boolean NOT NULL,
    ADD COLUMN cause_corrected text NOT NULL,
    ADD COLUMN verifier text,
    ADD COLUMN problem text;

-- One row a debt: from the event that owes it to the one that settles it, or owes it anew by another time.
CREATE TABLE views.obligations (
    case_id uuid NOT NULL,
    key text NOT NULL,
    positions int8range NOT NULL,
    since timestamptz NOT NULL,
    settled_at timestamptz,
    renewed boolean NOT NULL, -- settled only in that the same is owed anew
    due_at timestamptz NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    role text NOT NULL,
    team text,
    PRIMARY KEY (case_id, key, positions)
);
CREATE INDEX obligation_now_idx ON views.obligations (due_at, number, key) WHERE upper_inf(positions);

CREATE TABLE views.problems (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    resolved_at timestamptz,
    closed_at timestamptz,
    priority smallint,
    number text NOT NULL UNIQUE,
    status text NOT NULL,
    service text,
    known_error text,
    incidents text[] NOT NULL
);

-- What is published of a problem; its words are copies of a disclosure, shown only while that is there.
CREATE TABLE views.known_errors (
    problem_id uuid PRIMARY KEY,
    version bigint NOT NULL, -- of the event that published it: where its words are in the vault
    known_error text NOT NULL,
    title text NOT NULL,
    symptoms text NOT NULL,
    workaround text NOT NULL,
    words text NOT NULL GENERATED ALWAYS AS (title || ' ' || symptoms || ' ' || workaround) STORED,
    lexemes tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', symptoms), 'B')
        || setweight(to_tsvector('english', workaround), 'C')) STORED
);
CREATE INDEX known_error_lexemes_idx ON views.known_errors USING gin (lexemes);
CREATE INDEX known_error_trigrams_idx ON views.known_errors USING gin (words extensions.gin_trgm_ops);

-- What customers said, to search by: imported cases say nothing and have no row.
CREATE TABLE views.case_texts (
    case_id uuid PRIMARY KEY,
    received_at timestamptz NOT NULL,
    open boolean NOT NULL,
    number text NOT NULL,
    service text,
    customer text NOT NULL,
    external_ref text,
    words text NOT NULL,
    lexemes tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', words)) STORED
);
CREATE INDEX case_lexemes_idx ON views.case_texts USING gin (lexemes);
CREATE INDEX open_case_lexemes_idx ON views.case_texts USING gin (lexemes) WHERE open;
-- An alert's fingerprint finds its like whatever the words are.
CREATE INDEX open_case_ref_idx ON views.case_texts (external_ref) WHERE open AND external_ref IS NOT NULL;
-- Trigrams of open cases only: those of all would outgrow the cases themselves.
CREATE INDEX open_case_trigrams_idx ON views.case_texts USING gin (words extensions.gin_trgm_ops) WHERE open;

-- Mails, from the transaction that queued them to their fate; `due_at` is the durable timer of the next attempt.
CREATE TABLE views.outbox (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    queued_at timestamptz NOT NULL,
    due_at timestamptz,
    accepted_at timestamptz,
    attempts integer NOT NULL,
    outcome text NOT NULL,
    kind text NOT NULL,
    number text NOT NULL,
    message_id text NOT NULL
);
CREATE INDEX outbox_due_idx ON views.outbox (due_at, id) WHERE due_at IS NOT NULL;

-- For reporting jobs: no personal data.
CREATE VIEW reporting.obligations AS
SELECT number, case_id, kind, about, role, team, positions, since, due_at, settled_at, renewed
FROM views.obligations;

CREATE VIEW reporting.problems AS
SELECT number, id AS problem_id, version, status, priority, service, known_error, cardinality(incidents) AS incidents,
       opened_at, resolved_at, closed_at
FROM views.problems;

CREATE VIEW reporting.outbox AS
SELECT number, id AS message, kind, outcome, attempts, queued_at, due_at, accepted_at
FROM views.outbox;

-- What must never be. Cases nobody owns (R-6b):
CREATE VIEW reporting.unowned_cases AS
SELECT number, case_id, status, queue, team
FROM views.case_intervals
WHERE upper_inf(positions) AND status <> 'closed' AND (queue IS NULL OR (status = 'assigned' AND team IS NULL));

-- Fixed or worked around, cause not corrected, and no problem (R-5.8.1a):
CREATE VIEW reporting.resolved_without_problem AS
SELECT number, case_id, episode, resolved_at, code, cause_corrected
FROM views.resolutions
WHERE code IN ('fixed', 'workaround') AND cause_corrected IN ('no', 'unknown') AND problem IS NULL;

GRANT USAGE ON SCHEMA views TO desk_processes, desk_mail;
GRANT SELECT ON ALL TABLES IN SCHEMA views TO desk_api, desk_processes, desk_mail, desk_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO desk_auditor, desk_reporter;

RESET ROLE;
