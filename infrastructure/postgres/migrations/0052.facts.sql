-- What reports count. `case_facts` has one narrow row for each case, as it is now: its dimensions, its moments and its durations,
-- so that a report joins nothing. `happenings` has one row for what befell a case at a moment, with the case as it stood then;
-- it only grows. Seconds named `business` run by the hours of the policy, others elapse (application/views/case_facts.py).
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

-- Whether the calendar of the case is around the clock.
ALTER TABLE views.open_cases ADD COLUMN always boolean NOT NULL;
ALTER TABLE views.closed_cases ADD COLUMN always boolean NOT NULL;
ALTER TABLE views.case_intervals ADD COLUMN always boolean NOT NULL;

ALTER TABLE views.resolutions
    ADD COLUMN business_seconds double precision,
    ADD COLUMN first_net_seconds double precision,
    ADD COLUMN first_business_seconds double precision,
    ADD COLUMN disputed_position bigint;
-- The few stays that reports read one by one.
CREATE INDEX resolution_reopened_idx ON views.resolutions (case_id) WHERE reopened OR reopened_after_closure_position IS NOT NULL;

-- Columns of the most questions first: PostgreSQL reads a row up to the last one that is asked for.
CREATE TABLE views.case_facts (
    case_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    resolved_at timestamptz,
    priority smallint,
    always boolean NOT NULL,
    first_contact boolean,
    reopened boolean NOT NULL,
    after_closure boolean NOT NULL,
    disputed boolean NOT NULL,
    episodes integer NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    team text,
    service text,
    channel text NOT NULL,
    agency text,
    code text,
    net_seconds double precision,
    business_seconds double precision,
    first_resolved_at timestamptz,
    first_net_seconds double precision,
    first_business_seconds double precision,
    source_seconds double precision,
    dispute_until timestamptz,
    suspected_at timestamptz,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    failed_fixes integer NOT NULL,
    verifier text,
    cause_corrected text,
    problem text,
    acknowledged_at timestamptz,
    acknowledged_position bigint,
    acknowledged_business double precision,
    responded_at timestamptz,
    responded_position bigint,
    responded_business double precision,
    -- What counted as the first contact until an earlier one became known.
    later_responses timestamptz[],
    later_response_positions bigint[],
    later_response_business double precision[],
    respond_by timestamptz,
    resolve_by timestamptz,
    pending_since timestamptz,
    logged_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_position bigint,
    turns timestamptz[],
    turn_positions bigint[],
    breaks timestamptz[]
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX facts_received_idx ON views.case_facts (received_at);
CREATE INDEX facts_resolved_idx ON views.case_facts (resolved_at);
CREATE INDEX facts_again_idx ON views.case_facts (case_id) WHERE episodes > 1;

CREATE TABLE views.happenings (
    position bigint NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    case_id uuid NOT NULL,
    at timestamptz NOT NULL,
    seconds double precision,
    imported boolean NOT NULL,
    priority smallint,
    team text,
    service text,
    channel text NOT NULL,
    agency text,
    PRIMARY KEY (position, kind, value)
);
CREATE INDEX happening_at_idx ON views.happenings (kind, at);

GRANT SELECT ON views.case_facts, views.happenings TO desk_api, desk_processes, desk_mail, desk_auditor;

RESET ROLE;
