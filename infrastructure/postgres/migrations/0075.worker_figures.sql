-- What a worker has done since it started, for /metrics of the API: of every process, wherever it runs.
SET ROLE desk_owner;

ALTER TABLE operations.workers ADD COLUMN figures jsonb NOT NULL DEFAULT '{}';

RESET ROLE;
