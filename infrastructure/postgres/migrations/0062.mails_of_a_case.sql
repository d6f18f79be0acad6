-- The mails of a case are found by its number, for its whole history.
SET ROLE desk_projector;

CREATE INDEX outbox_number_idx ON views.outbox (number);

RESET ROLE;
