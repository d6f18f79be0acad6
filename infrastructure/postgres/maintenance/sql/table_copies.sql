-- Generates the statements that copy a table's definition to another schema under the same names, also what
-- `CREATE TABLE ... (LIKE ...)` leaves out or names by itself.

-- name: bare --
SELECT format('CREATE TABLE %%I.%%I (LIKE %%s INCLUDING ALL EXCLUDING INDEXES EXCLUDING CONSTRAINTS)%%s',
              %(into)s::text, c.relname, c.oid::regclass,
              ' WITH (' || array_to_string(c.reloptions, ', ') || ')')
FROM pg_class c WHERE c.oid = %(table)s::regclass;

-- name: complete --
-- The statements for a filled copy, in order: the `late` ones make the indexes that are no keys, the others all else.
-- References come after what they name in other copies.
WITH original AS (
    SELECT c.oid, c.relowner, c.relacl, n.nspname AS schema, c.relname AS name, format('%%I.%%I', n.nspname, c.relname) AS was,
           format('%%I.%%I', %(into)s::text, c.relname) AS now
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %(table)s::regclass
)
SELECT statement FROM (
    SELECT 1, k.conname, format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', now, k.conname,
                                replace(pg_get_constraintdef(k.oid), ' REFERENCES ' || schema || '.', format(' REFERENCES %%I.', %(into)s::text)))
    FROM original JOIN pg_constraint k ON k.conrelid = original.oid WHERE k.contype NOT IN ('n', 'f', 't')
    UNION ALL
    SELECT CASE WHEN i.indisunique THEN 2 ELSE 10 END, i.indexrelid::regclass::text,
           replace(pg_get_indexdef(i.indexrelid), ' ON ' || was || ' ', ' ON ' || now || ' ')
    FROM original JOIN pg_index i ON i.indrelid = original.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 3, '', format('ALTER TABLE %%s CLUSTER ON %%I', now, c.relname)
    FROM original JOIN pg_index i ON i.indrelid = original.oid AND i.indisclustered AND i.indisunique
    JOIN pg_class c ON c.oid = i.indexrelid
    UNION ALL
    SELECT 3, a.attname, format('ALTER TABLE %%s ALTER COLUMN %%I SET STATISTICS %%s', now, a.attname, a.attstattarget)
    FROM original JOIN pg_attribute a ON a.attrelid = original.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND coalesce(a.attstattarget, -1) >= 0
    UNION ALL
    SELECT 4, to_char(g.place, 'FM00000'), format('GRANT %%s ON %%s TO %%I', g.privilege_type, now, g.grantee)
    FROM original CROSS JOIN LATERAL (
        SELECT a.grantee::regrole::text AS grantee, a.privilege_type, a.place
        FROM aclexplode(relacl) WITH ORDINALITY AS a (grantor, grantee, privilege_type, is_grantable, place)
        WHERE a.grantee <> relowner) g
    UNION ALL
    SELECT 5, to_char(a.attnum * 1000 + g.place, 'FM0000000'),
           format('GRANT %%s (%%I) ON %%s TO %%I', g.privilege_type, a.attname, now, g.grantee)
    FROM original JOIN pg_attribute a ON a.attrelid = original.oid AND a.attacl IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT e.grantee::regrole::text AS grantee, e.privilege_type, e.place
        FROM aclexplode(a.attacl) WITH ORDINALITY AS e (grantor, grantee, privilege_type, is_grantable, place)) g
    UNION ALL
    SELECT 6, t.tgname, replace(pg_get_triggerdef(t.oid), ' ON ' || was || ' ', ' ON ' || now || ' ')
    FROM original JOIN pg_trigger t ON t.tgrelid = original.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 7, t.tgname, format('ALTER TABLE %%s ENABLE ALWAYS TRIGGER %%I', now, t.tgname)
    FROM original JOIN pg_trigger t ON t.tgrelid = original.oid WHERE NOT t.tgisinternal AND t.tgenabled = 'A'
    UNION ALL
    SELECT 8, k.conname, format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', now, k.conname,
                                replace(pg_get_constraintdef(k.oid), ' REFERENCES ' || schema || '.', format(' REFERENCES %%I.', %(into)s::text)))
    FROM original JOIN pg_constraint k ON k.conrelid = original.oid WHERE k.contype = 'f'
    UNION ALL
    SELECT 9, '', format('ALTER TABLE %%s OWNER TO %%s', now, relowner::regrole) FROM original
    WHERE relowner <> current_user::regrole
) AS made (step, which, statement)
WHERE (step = 10) = %(late)s
ORDER BY step, which;
