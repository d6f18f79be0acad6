-- The projections: everything here can be thrown away and rebuilt from the events (caseledger rebuild).
-- The projector owns them, since a rebuild makes them anew beside the live ones and swaps.
CREATE SCHEMA views AUTHORIZATION desk_projector;
CREATE SCHEMA reporting AUTHORIZATION desk_projector;
SET ROLE desk_projector;

CREATE TABLE views.tracking (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL,
    events bigint NOT NULL,
    halted_at bigint,
    halted_by text
);
INSERT INTO views.tracking (position, events) VALUES (0, 0);

-- The temporal view: one row a case and interval. `positions`: what the ledger knew; `valid`: what had happened.
-- Now is the open interval; any past queue or report is the same question at another point.
CREATE TABLE views.case_intervals (
    case_id uuid NOT NULL,
    version bigint NOT NULL,
    positions int8range NOT NULL,
    valid tstzrange NOT NULL,
    received_at timestamptz NOT NULL,
    resolved_at timestamptz,
    closed_at timestamptz,
    dispute_until timestamptz,
    pending_since timestamptz,
    priority smallint,
    impact smallint,
    severity smallint,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    episodes integer NOT NULL,
    paused_seconds double precision NOT NULL,
    settled_seconds double precision NOT NULL,
    imported boolean NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    queue text,
    service text,
    team text,
    technician text,
    customer text NOT NULL,
    agency text,
    channel text NOT NULL,
    nature text NOT NULL,
    pending_reason text,
    problem text,
    external_ref text,
    PRIMARY KEY (case_id, version)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX case_now_idx ON views.case_intervals (case_id) WHERE upper_inf(positions);
CREATE UNIQUE INDEX case_number_now_idx ON views.case_intervals (number) WHERE upper_inf(positions);
CREATE INDEX queue_now_idx ON views.case_intervals (queue, coalesce(priority, 9), received_at, number)
    WHERE upper_inf(positions) AND queue IS NOT NULL;

-- One row a stay in `resolved`: what the resolution and reopening reports count.
CREATE TABLE views.resolutions (
    case_id uuid NOT NULL,
    episode integer NOT NULL,
    number text NOT NULL,
    position bigint NOT NULL,
    resolved_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    net_seconds double precision NOT NULL,
    code text NOT NULL,
    ended_position bigint,
    ended_at timestamptz,
    reopened boolean,
    reopened_after_closure_position bigint,
    reopened_after_closure_at timestamptz,
    source_position bigint,
    source_seconds double precision,
    PRIMARY KEY (case_id, episode)
);

-- Counters, kept up by the fold, never counted on reading.
CREATE TABLE views.queue_counts (queue text PRIMARY KEY, cases bigint NOT NULL);
CREATE TABLE views.case_counts ( -- priority 0: none yet
    status text NOT NULL,
    priority smallint NOT NULL,
    cases bigint NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (status, priority)
);

-- What reporting jobs read: a documented interface (docs/reporting.md), whatever the tables behind it become.
CREATE VIEW reporting.cases AS
SELECT number, case_id, version, status, queue, priority, impact, severity, service, team, technician, agency, channel,
       nature, received_at, resolved_at, closed_at, dispute_until, pending_reason, pending_since, problem, reopenings,
       hand_backs, imported
FROM views.case_intervals
WHERE upper_inf(positions);

CREATE VIEW reporting.case_history AS
SELECT number, case_id, version, positions, valid, status, queue, priority, impact, severity, service, team, technician,
       pending_reason, reopenings
FROM views.case_intervals;

CREATE VIEW reporting.resolutions AS
SELECT number, case_id, episode, received_at, resolved_at, net_seconds / 3600 AS net_hours, code, ended_at,
       coalesce(reopened, false) AS reopened
FROM views.resolutions;

CREATE VIEW reporting.position AS SELECT position, events FROM views.tracking;

GRANT USAGE ON SCHEMA views TO desk_api, desk_auditor;
GRANT USAGE ON SCHEMA reporting TO desk_api, desk_auditor, desk_reporter;
GRANT SELECT ON ALL TABLES IN SCHEMA views TO desk_api, desk_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO desk_auditor, desk_reporter;

RESET ROLE;
