-- Answers of reports, each counted up to a position: a question then counts only the cases that have changed since
-- (infrastructure/views/questions/reports). They may be thrown away at any time, and are no part of what `attest` compares.
SET ROLE desk_projector;

CREATE TABLE views.report_answers (
    answer integer PRIMARY KEY,
    report text NOT NULL,
    by text NOT NULL,
    definition text NOT NULL,
    position bigint NOT NULL,
    moment timestamptz NOT NULL,
    waiting uuid[] NOT NULL,
    rows jsonb NOT NULL
);

-- The values in order around a percentile of a group of cases, from the place `first` on of `count`.
CREATE TABLE views.report_windows (
    answer integer NOT NULL,
    key text NOT NULL,
    figure text NOT NULL,
    fraction double precision NOT NULL,
    count bigint NOT NULL,
    first bigint NOT NULL,
    part double precision[] NOT NULL
);
CREATE INDEX report_windows_idx ON views.report_windows (answer);

-- The cases that have changed after a position.
CREATE INDEX facts_position_idx ON views.case_facts (position);
-- The cases that are open, or were after a moment; and the few that were taken up again.
CREATE INDEX facts_settled_idx ON views.case_facts (settled_at);
CREATE INDEX facts_turns_idx ON views.case_facts (case_id) WHERE turns IS NOT NULL;

GRANT SELECT ON views.report_answers, views.report_windows TO desk_api, desk_processes, desk_mail, desk_auditor;

RESET ROLE;
