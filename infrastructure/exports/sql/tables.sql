-- The views of the schema `reporting`, as exports read them.

-- name: snapshot --
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: release --
ROLLBACK;

-- name: position --
SELECT position FROM reporting.position;

-- name: columns --
-- Of each view its columns, in order, with their types.
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
       obj_description(c.oid, 'pg_class'), col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'reporting'::regnamespace AND c.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum;
