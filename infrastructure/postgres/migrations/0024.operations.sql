-- How the desk itself is doing: what each worker last said of itself, and what a worker has given up for now.
-- Nothing here is of the record: it can be emptied at any time.
SET ROLE desk_owner;

CREATE SCHEMA operations;

-- One row a kind of worker. A worker promises when it speaks next: one that hangs is late, and one that was killed too.
CREATE TABLE operations.workers (
    worker text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('running', 'failing', 'halted')),
    error text,
    since timestamptz NOT NULL,
    expected_by timestamptz NOT NULL
);

-- What has failed and is tried again, or, after so many tries, is left alone until the worker starts anew.
CREATE TABLE operations.set_aside (
    kind text NOT NULL,
    item text NOT NULL,
    tries integer NOT NULL,
    given_up boolean NOT NULL,
    error text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, item)
);

GRANT USAGE ON SCHEMA operations
    TO desk_api, desk_projector, desk_processes, desk_mail, desk_sealer, desk_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON operations.workers
    TO desk_api, desk_projector, desk_processes, desk_mail, desk_sealer;
GRANT SELECT, INSERT, UPDATE, DELETE ON operations.set_aside TO desk_api, desk_processes, desk_mail;
GRANT SELECT ON operations.workers, operations.set_aside TO desk_auditor;

RESET ROLE;
