-- Outgoing webhooks. A webhook is reference data (0017); how far each one was delivered is in tables of its own.
SET ROLE desk_owner;

CREATE OR REPLACE FUNCTION ledger.reference_topics() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['service', 'team', 'help_desk', 'script', 'policy', 'access', 'source', 'webhook'];

DROP INDEX ledger.reference_events_idx;
CREATE INDEX reference_events_idx ON ledger.stored_events (notification_id)
    WHERE split_part(topic, '.', 1)
          IN ('service', 'team', 'help_desk', 'script', 'policy', 'access', 'source', 'webhook');

CREATE SCHEMA webhooks;

-- How far a webhook was sent events. Lane 0 follows the ledger; another is a replay or a ping, by the version of its order.
-- Nothing here is of the record: without these rows, events are sent once more, under the same ids.
CREATE TABLE webhooks.lanes (
    webhook text NOT NULL,
    lane bigint NOT NULL,
    position bigint NOT NULL,
    until bigint,
    failures integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook, lane)
);

-- Why nothing is sent to a webhook now; null where events are sent.
CREATE TABLE webhooks.standings (
    webhook text PRIMARY KEY,
    pause text
);

-- The log of attempts. It holds no content, and is kept for a time.
CREATE TABLE webhooks.attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook text NOT NULL,
    lane bigint NOT NULL,
    position bigint NOT NULL,
    topic text NOT NULL,
    message text NOT NULL,
    attempt integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    milliseconds integer NOT NULL,
    status smallint,
    error text,
    accepted boolean NOT NULL
);
CREATE INDEX webhook_attempts_idx ON webhooks.attempts (webhook, attempt_id);
CREATE INDEX attempted_idx ON webhooks.attempts (attempted_at);

GRANT USAGE ON SCHEMA webhooks TO desk_api, desk_processes, desk_auditor;
GRANT SELECT ON webhooks.lanes, webhooks.standings, webhooks.attempts TO desk_api, desk_processes, desk_auditor;
GRANT INSERT, UPDATE ON webhooks.lanes, webhooks.standings TO desk_processes;
GRANT INSERT, DELETE ON webhooks.attempts TO desk_processes;

-- The leaf of an event in the log is counted from the run before it.
GRANT USAGE ON SCHEMA tlog TO desk_processes;
GRANT SELECT ON tlog.logs, tlog.entries TO desk_processes;

RESET ROLE;
