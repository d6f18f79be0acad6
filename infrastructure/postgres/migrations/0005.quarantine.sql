-- The quarantine: messages that machines handed in and that wait for a person (R-5.1d). No personal data.
SET ROLE desk_projector;

CREATE TABLE views.quarantine (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    received_at timestamptz NOT NULL,
    size bigint NOT NULL,
    channel text NOT NULL,
    cause text -- null between the two events of one transaction
);
CREATE INDEX quarantine_waiting_idx ON views.quarantine (received_at, id) WHERE cause IS NOT NULL;

GRANT SELECT ON views.quarantine TO desk_api, desk_processes, desk_mail, desk_auditor;

RESET ROLE;
