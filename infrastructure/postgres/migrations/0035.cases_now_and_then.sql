-- Cases as they are now stand in two tables, the open ones and the closed ones, and what events have ended in a third that
-- only grows. An ended interval holds what changes; what never changes stands once, in the case's row (decision 29).
SET ROLE desk_projector;

-- The tables get another shape: every view is emptied, and the projector folds all events anew.
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

DROP VIEW reporting.cases, reporting.case_history, reporting.unowned_cases;
DROP TABLE views.case_intervals, views.queue_counts;

-- `position` and `updated_at` belong to the last event, `stay_…` to the event since which the case stands in its queue at its
-- priority, `worded` is the version of the event with the latest subject line.
CREATE TABLE views.open_cases (
    case_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    position bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    stay_position bigint NOT NULL,
    stay_since timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    pending_since timestamptz,
    respond_by timestamptz,
    resolve_by timestamptz,
    resolved_at timestamptz,
    dispute_until timestamptz,
    suspected_at timestamptz,
    closes_at timestamptz,
    closed_at timestamptz,
    held_since timestamptz,
    resolution_version bigint,
    paused_seconds double precision NOT NULL,
    settled_seconds double precision NOT NULL,
    worded integer NOT NULL,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    failed_fixes integer NOT NULL,
    episodes integer NOT NULL,
    priority smallint,
    impact smallint,
    severity smallint,
    imported boolean NOT NULL,
    number text NOT NULL,
    customer text NOT NULL,
    channel text NOT NULL,
    nature text NOT NULL,
    status text NOT NULL,
    agency text,
    queue text,
    service text,
    team text,
    technician text,
    major text,
    pending_reason text,
    resolution_code text,
    problem text,
    external_ref text
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE TABLE views.closed_cases (LIKE views.open_cases INCLUDING DEFAULTS, PRIMARY KEY (case_id));

CREATE TABLE views.case_intervals (
    case_id uuid NOT NULL,
    position bigint NOT NULL,
    until_position bigint PRIMARY KEY,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    -- Of the last interval of a stay: where the stay began, and its place in the queue.
    stay_position bigint,
    stay_since timestamptz,
    rank bigint,
    pending_since timestamptz,
    respond_by timestamptz,
    resolve_by timestamptz,
    resolved_at timestamptz,
    dispute_until timestamptz,
    suspected_at timestamptz,
    closed_at timestamptz,
    version integer NOT NULL,
    worded integer NOT NULL,
    reopenings integer NOT NULL,
    hand_backs integer NOT NULL,
    failed_fixes integer NOT NULL,
    priority smallint,
    impact smallint,
    severity smallint,
    nature text NOT NULL,
    status text NOT NULL,
    agency text,
    queue text,
    service text,
    team text,
    technician text,
    major text,
    pending_reason text,
    resolution_code text,
    problem text,
    external_ref text
);

-- How many cases have a value in a column, and how many of these are closed.
CREATE TABLE views.value_counts (
    name text NOT NULL,
    value text NOT NULL,
    cases bigint NOT NULL,
    closed bigint NOT NULL,
    PRIMARY KEY (name, value)
);

CREATE UNIQUE INDEX open_number_idx ON views.open_cases (number);
CREATE INDEX open_queue_idx ON views.open_cases (queue, coalesce(priority, 9), received_at, number);
CREATE INDEX open_stay_idx ON views.open_cases (queue, stay_position);
CREATE INDEX open_closes_idx ON views.open_cases (closes_at) WHERE closes_at IS NOT NULL;
CREATE INDEX open_due_idx ON views.open_cases (resolve_by, number) WHERE status <> 'resolved';
CREATE INDEX open_technician_idx ON views.open_cases (technician);
CREATE INDEX open_customer_idx ON views.open_cases (customer);

-- A closed case hardly changes, so it can afford an index for each sort, and a small one for each filter.
CREATE UNIQUE INDEX closed_number_idx ON views.closed_cases (number);
CREATE INDEX closed_received_idx ON views.closed_cases (received_at, number);
CREATE INDEX closed_updated_idx ON views.closed_cases (updated_at, number);
CREATE INDEX closed_due_idx ON views.closed_cases (resolve_by, number);
CREATE INDEX closed_priority_idx ON views.closed_cases (priority, number);
CREATE INDEX closed_team_idx ON views.closed_cases (team);
CREATE INDEX closed_technician_idx ON views.closed_cases (technician);
CREATE INDEX closed_service_idx ON views.closed_cases (service);
CREATE INDEX closed_customer_idx ON views.closed_cases (customer);
CREATE INDEX closed_agency_idx ON views.closed_cases (agency);
CREATE INDEX closed_channel_idx ON views.closed_cases (channel);
CREATE INDEX closed_impact_idx ON views.closed_cases (impact);
CREATE INDEX closed_severity_idx ON views.closed_cases (severity);
CREATE INDEX closed_ref_idx ON views.closed_cases (external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX closed_major_idx ON views.closed_cases (major) WHERE major IS NOT NULL;
CREATE INDEX closed_pending_idx ON views.closed_cases (pending_reason) WHERE pending_reason IS NOT NULL;
-- Which values go together, so that the planner knows where hardly any case has both.
CREATE STATISTICS (mcv) ON priority, impact, severity FROM views.closed_cases;
CREATE STATISTICS (mcv) ON service, team FROM views.closed_cases;

-- Most intervals and stays are short: those around a point are among the next to end. The few long ones have indexes of ranges.
-- A rebuild puts them into that order as well.
ALTER TABLE views.case_intervals CLUSTER ON case_intervals_pkey;
CREATE INDEX interval_case_idx ON views.case_intervals (case_id);
CREATE INDEX interval_until_idx ON views.case_intervals USING brin (until) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX long_interval_idx ON views.case_intervals
    USING gist (int8range(position, until_position), tstzrange(since, until, '[]'))
    WHERE until_position - position >= 16384 OR until - since >= interval '7 days';
CREATE INDEX middling_stay_idx ON views.case_intervals (queue, until_position) WHERE until_position - stay_position >= 2048;
CREATE INDEX long_stay_idx ON views.case_intervals
    USING gist (queue, rank, int8range(stay_position, until_position), tstzrange(stay_since, until, '[]'))
    WHERE until_position - stay_position >= 16384 OR until - stay_since >= interval '7 days';

CREATE VIEW reporting.cases AS
SELECT number, case_id, version, status, queue, priority, impact, severity, service, team, technician, agency, channel, nature,
       received_at, resolved_at, closed_at, dispute_until, pending_reason, pending_since, problem, reopenings, hand_backs, imported
FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c;

CREATE VIEW reporting.case_history AS
SELECT number, case_id, version, int8range(position, NULL) AS positions, tstzrange(updated_at, NULL) AS valid,
       status, queue, priority, impact, severity, service, team, technician, pending_reason, reopenings
FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c
UNION ALL
SELECT c.number, i.case_id, i.version::bigint, int8range(i.position, i.until_position),
       -- Two events of one moment make a point, since an empty range would forget when that was.
       tstzrange(i.since, i.until, CASE WHEN i.since = i.until THEN '[]' ELSE '[)' END),
       i.status, i.queue, i.priority, i.impact, i.severity, i.service, i.team, i.technician, i.pending_reason, i.reopenings
FROM views.case_intervals i
JOIN (SELECT case_id, number FROM views.open_cases UNION ALL SELECT case_id, number FROM views.closed_cases) c USING (case_id);

CREATE VIEW reporting.unowned_cases AS
SELECT number, case_id, status, queue, team
FROM views.open_cases
WHERE queue IS NULL OR (status = 'assigned' AND team IS NULL);

GRANT SELECT ON views.open_cases, views.closed_cases, views.case_intervals, views.value_counts
    TO desk_api, desk_processes, desk_mail, desk_auditor;
GRANT SELECT ON reporting.cases, reporting.case_history, reporting.unowned_cases TO desk_auditor, desk_reporter;

RESET ROLE;
