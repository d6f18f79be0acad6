-- The case that a message in quarantine may be about: a suggestion to whoever decides on it.
SET ROLE desk_projector;

ALTER TABLE views.quarantine ADD COLUMN suggestion text;

RESET ROLE;
