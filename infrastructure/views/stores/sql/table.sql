-- The statements of any table of a view.

-- name: types --
SELECT a.atttypid
FROM unnest(%s::text[]) WITH ORDINALITY AS wanted (name, place)
JOIN pg_attribute a ON a.attrelid = %s::regclass AND a.attname = wanted.name
ORDER BY wanted.place;

-- name: load --
SELECT {columns} FROM {table} WHERE {key} = ANY(%b::uuid[]);

-- name: delete --
DELETE FROM {table} WHERE {key} = ANY(%b::uuid[]);

-- name: insert --
COPY {table} ({columns}) FROM STDIN (FORMAT BINARY);
