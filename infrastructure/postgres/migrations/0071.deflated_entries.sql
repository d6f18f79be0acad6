-- Runs of entries come deflated (formats/stored_run.py), so that compressing them once more would gain nothing. Hashes of leaves
-- are computed from the entries; those that are stored stay, and are checked as before.
SET ROLE desk_owner;

ALTER TABLE tlog.entries ALTER COLUMN data SET STORAGE EXTERNAL;

RESET ROLE;
