-- The case that a message in quarantine may be about, a suggestion to whoever decides on it; and beside what waits the
-- messages that no person wrote, so that nothing is put away without somebody being able to look (R-5.1d).
SET ROLE desk_projector;

ALTER TABLE views.quarantine 
    ADD COLUMN suggestion text,
    ADD COLUMN recorded boolean NOT NULL DEFAULT false;
DROP INDEX views.quarantine_waiting_idx;
CREATE INDEX quarantine_waiting_idx ON views.quarantine (recorded, received_at, id) WHERE cause IS NOT NULL;

RESET ROLE;
