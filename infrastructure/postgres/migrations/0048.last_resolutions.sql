-- Of each stay in `resolved`: when the case was first resolved as an incident, and whether another stay follows. So a report need
-- not compare a case's stays with each other.
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

ALTER TABLE views.resolutions
    ADD COLUMN first_resolved_at timestamptz,
    ADD COLUMN superseded boolean NOT NULL;

RESET ROLE;
