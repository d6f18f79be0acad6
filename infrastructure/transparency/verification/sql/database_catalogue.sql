-- The facts of the catalogue that the record's guarantees depend on, one a row, in words that are the same on every
-- installation and supported version. The search path has only pg_catalog: nothing is shadowed, and names print in full.
-- `guarded` are the schemas that only a migration changes, `derived` those of the views, `all` both; `roles` are ours.

-- name: search_path --
SET LOCAL search_path = pg_catalog, pg_temp;

-- name: schemas --
SELECT 'schema ' || n.oid::regnamespace::text || ' owner ' || n.nspowner::regrole::text
FROM pg_catalog.pg_namespace n
WHERE n.nspname = ANY (%(all)s) AND n.nspname <> 'guards'; -- of which see event_triggers

-- name: relations --
SELECT 'relation ' || c.oid::regclass::text
    || CASE c.relkind WHEN 'r' THEN ' table' WHEN 'v' THEN ' view' WHEN 'S' THEN ' sequence' WHEN 'm' THEN ' materialized view'
                      WHEN 'p' THEN ' partitioned table' WHEN 'f' THEN ' foreign table' ELSE ' kind ' || c.relkind::text END
    || ' owner ' || c.relowner::regrole::text
    || CASE WHEN n.nspname = ANY (%(derived)s) THEN ''
            ELSE CASE c.relpersistence WHEN 'p' THEN '' ELSE ' not permanent' END
              || CASE WHEN c.relam = 0 THEN '' ELSE ' kept as ' || (SELECT amname FROM pg_catalog.pg_am WHERE oid = c.relam) END
              || CASE WHEN c.relrowsecurity THEN ' row security on' ELSE '' END
              || CASE WHEN c.relforcerowsecurity THEN ' row security forced' ELSE '' END
              || CASE WHEN NOT c.relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid)
                      THEN ' its triggers hidden' ELSE '' END
       END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind NOT IN ('i', 'I', 't')
  AND (n.nspname = ANY (%(guarded)s) OR n.nspname = ANY (%(derived)s) AND c.relkind <> 'c');

-- name: columns --
SELECT 'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    || CASE WHEN a.attcollation IN (0, t.typcollation) THEN '' ELSE ' collate ' || a.attcollation::regcollation::text END
    || CASE a.attidentity WHEN 'a' THEN ' always identity' WHEN 'd' THEN ' identity by default' ELSE '' END
    || CASE WHEN d.oid IS NULL THEN ''
            ELSE CASE a.attgenerated WHEN '' THEN ' default ' WHEN 's' THEN ' stored ' ELSE ' virtual ' END
              || pg_get_expr(d.adbin, d.adrelid) END
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE n.nspname = ANY (%(guarded)s) AND c.relkind NOT IN ('i', 'I', 't', 'S') AND a.attnum > 0 AND NOT a.attisdropped;

-- name: triggers --
-- Two facts each: whether it fires, and what it does. Triggers of foreign keys are named after their constraint.
SELECT 'trigger ' || w.name || ' on ' || t.tgrelid::regclass::text || said.fact
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
CROSS JOIN LATERAL (SELECT CASE WHEN t.tgisinternal THEN quote_ident(p.proname) || ' of ' || quote_ident(k.conname)
                                ELSE quote_ident(t.tgname) END) AS w (name)
CROSS JOIN LATERAL (VALUES
    (CASE t.tgenabled WHEN 'A' THEN ' enabled always' WHEN 'O' THEN ' enabled' WHEN 'D' THEN ' disabled'
                      ELSE ' enabled on replicas only' END),
    (CASE WHEN t.tgisinternal THEN ' calls ' || t.tgfoid::regprocedure::text ELSE ' as ' || pg_get_triggerdef(t.oid) END)
) AS said (fact)
WHERE n.nspname = ANY (%(all)s);

-- name: rules --
-- The rule of a view is its definition.
SELECT 'rule ' || quote_ident(r.rulename) || ' on ' || r.ev_class::regclass
    || CASE r.ev_enabled WHEN 'D' THEN ' disabled' ELSE '' END
    || ' as ' || regexp_replace(pg_get_ruledef(r.oid), '\s+', ' ', 'g')
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(all)s);

-- name: policies --
SELECT 'policy ' || quote_ident(p.polname) || ' on ' || p.polrelid::regclass::text || ' for ' || p.polcmd::text
    || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '')
    || coalesce(' with check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(all)s);

-- name: functions --
-- Functions of our roles in every schema: a function may act with its owner's rights.
SELECT 'function ' || p.oid::regprocedure::text || said.fact
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
CROSS JOIN LATERAL (VALUES
    -- Of the event triggers' function see event_triggers.
    (CASE WHEN p.prorettype <> 'event_trigger'::regtype THEN ' owner ' || p.proowner::regrole::text END),
    (' returns ' || pg_get_function_result(p.oid) || ' in ' || l.lanname
     || CASE p.prokind WHEN 'f' THEN '' ELSE ' kind ' || p.prokind::text END
     || CASE p.provolatile WHEN 'v' THEN '' ELSE ' volatility ' || p.provolatile::text END
     || CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END
     || coalesce(' set ' || array_to_string(p.proconfig, ', '), '')
     || ' source sha256 ' || encode(sha256(convert_to(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), 'UTF8')), 'hex'))
) AS said (fact)
WHERE (n.nspname = ANY (%(all)s) OR p.proowner IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ANY (%(roles)s)))
  AND said.fact IS NOT NULL;

-- name: sequences --
SELECT 'sequence ' || s.seqrelid::regclass::text || ' ' || s.seqtypid::regtype::text || ' from ' || s.seqstart || ' by ' || s.seqincrement
    || ' within ' || s.seqmin || ' and ' || s.seqmax || CASE WHEN s.seqcycle THEN ' cycling' ELSE '' END
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(guarded)s);

-- name: constraints --
-- NOT NULL is a fact of its column. PostgreSQL 18 also has constraints of that kind ('n'); 17 has none.
SELECT 'constraint ' || quote_ident(k.conname) || ' on ' || k.conrelid::regclass::text || ' ' || pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid IN (k.conrelid, k.confrelid)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(guarded)s) AND k.contype <> 'n';

-- name: indexes --
-- Only unique indexes. Others may be added or dropped for speed.
SELECT 'index ' || i.indexrelid::regclass::text || ' as ' || pg_get_indexdef(i.indexrelid)
    || CASE WHEN i.indisvalid AND i.indisready AND i.indislive THEN '' ELSE ' out of use' END
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(guarded)s) AND (i.indisunique OR i.indisexclusion) AND c.relkind <> 't';

-- name: inheritance --
SELECT 'inheritance of ' || i.inhrelid::regclass::text || ' from ' || i.inhparent::regclass::text
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid IN (i.inhrelid, i.inhparent) AND c.relkind NOT IN ('i', 'I')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(guarded)s);

-- name: grants --
-- Without an owner's rights on its own objects.
WITH held (object, columns, owner, acl) AS (
    SELECT 'schema ' || n.oid::regnamespace::text, '', n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_catalog.pg_namespace n
    WHERE n.nspname = ANY (%(all)s)
    UNION ALL
    SELECT c.oid::regclass::text, '', c.relowner,
           coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner))
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(all)s) AND c.relkind NOT IN ('i', 'I', 't', 'c')
    UNION ALL
    SELECT c.oid::regclass::text, ' (' || quote_ident(a.attname) || ')', c.relowner, a.attacl
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(all)s) AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure::text, '', p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY (%(all)s)
)
SELECT 'grant ' || g.privilege_type || h.columns || ' on ' || h.object
    || ' to ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
    || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END
FROM held h CROSS JOIN LATERAL aclexplode(h.acl) AS g
WHERE g.grantee <> h.owner;

-- name: default_privileges --
-- Also whether they are set at all: unset, PUBLIC may execute every new function.
SELECT 'default privileges of ' || d.defaclrole::regrole::text || coalesce(' in ' || nullif(d.defaclnamespace, 0)::regnamespace::text, '')
    || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                      WHEN 'n' THEN 'schemas' WHEN 'T' THEN 'types' ELSE 'kind ' || d.defaclobjtype::text END
    || coalesce(': ' || g.privilege_type || ' to ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, '')
FROM pg_catalog.pg_default_acl d
CROSS JOIN LATERAL (SELECT NULL, NULL UNION ALL
                    SELECT privilege_type, grantee FROM aclexplode(d.defaclacl)
                    WHERE grantee <> d.defaclrole) AS g (privilege_type, grantee)
WHERE d.defaclrole IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ANY (%(roles)s))
   OR d.defaclnamespace IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ANY (%(all)s));

-- name: roles --
SELECT 'role ' || r.oid::regrole::text || said.fact
FROM pg_catalog.pg_roles r
CROSS JOIN LATERAL (VALUES (true, ''), (r.rolsuper, ' superuser'), (r.rolbypassrls, ' bypasses row security'),
                           (r.rolcreaterole, ' creates roles'), (r.rolcreatedb, ' creates databases'),
                           (r.rolreplication, ' replicates'),
                           -- The components' roles may have been left to the operator's own login roles.
                           (r.rolcanlogin AND r.rolname = 'desk_owner', ' signs in')
) AS said (holds, fact)
WHERE r.rolname = ANY (%(roles)s) AND said.holds;

-- name: stand_ins --
-- Who may act as a role, as the server decides through every chain of memberships. A superuser may act as all.
SELECT 'role ' || a.oid::regrole::text || ' may act as ' || b.oid::regrole::text
FROM pg_catalog.pg_roles a CROSS JOIN pg_catalog.pg_roles b
WHERE a.rolname = ANY (%(roles)s) AND b.rolname = ANY (%(roles)s) AND a.oid <> b.oid AND pg_has_role(a.oid, b.oid, 'MEMBER');

-- name: memberships --
-- Memberships of others in our roles are warnings (see outsiders), but for the owner's rights.
SELECT 'membership of ' || m.member::regrole::text || ' in ' || m.roleid::regrole::text
    || CASE WHEN bool_or(m.admin_option) THEN ' with admin option' ELSE '' END
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
JOIN pg_catalog.pg_roles b ON b.oid = m.member
WHERE b.rolname = ANY (%(roles)s) OR r.rolname = 'desk_owner' AND (m.set_option OR m.inherit_option)
GROUP BY m.member, m.roleid;

-- name: database --
-- Owner, name and grants to others differ between installations.
SELECT 'grant ' || g.privilege_type || ' on the database to ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
    || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS g
LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
WHERE d.datname = current_database() AND (g.grantee = 0 OR r.rolname = ANY (%(roles)s)) AND r.rolname IS DISTINCT FROM 'desk_owner'
UNION ALL
SELECT 'the database is owned by ' || r.oid::regrole::text
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
WHERE d.datname = current_database() AND r.rolname = ANY (%(roles)s) AND r.rolname <> 'desk_owner';

-- name: settings --
-- Settings that disable guards. A session's own settings are not in the catalogue.
SELECT 'setting event_triggers ' || current_setting('event_triggers')
UNION ALL
SELECT 'setting ' || c.setting || CASE s.setrole WHEN 0 THEN '' ELSE ' of ' || s.setrole::regrole::text END
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
  AND (s.setrole = 0 OR r.rolname = ANY (%(roles)s))
  AND split_part(c.setting, '=', 1) IN ('search_path', 'role', 'row_security', 'event_triggers', 'session_replication_role',
                                        'caseledger.migration', 'session_preload_libraries', 'local_preload_libraries');

-- name: event_triggers --
-- For those of other software, see outsiders.
SELECT 'event trigger ' || quote_ident(t.evtname) || said.fact
FROM pg_catalog.pg_event_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.evtfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (VALUES
    (CASE t.evtenabled WHEN 'A' THEN ' enabled always' WHEN 'O' THEN ' enabled' WHEN 'D' THEN ' disabled'
                       ELSE ' enabled on replicas only' END),
    (' on ' || t.evtevent || coalesce(' for ' || array_to_string(t.evttags, ', '), '') || ' calls ' || t.evtfoid::regprocedure::text)
) AS said (fact)
WHERE n.nspname = ANY (%(guarded)s) OR t.evtname LIKE 'caseledger%%'
UNION ALL
SELECT 'event trigger schema ' || n.oid::regnamespace::text || ' owner '
    || CASE WHEN r.rolsuper THEN 'a superuser' ELSE n.nspowner::regrole::text END
FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
WHERE n.nspname = 'guards'
UNION ALL
SELECT 'event trigger function ' || p.oid::regprocedure::text || ' owner '
    || CASE WHEN r.rolsuper THEN 'a superuser' ELSE p.proowner::regrole::text END
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
WHERE n.nspname = ANY (%(guarded)s) AND p.prorettype = 'event_trigger'::regtype;

-- name: set_up_by_a_superuser --
-- The owner of the extensions' schema set the database up, and the owner of the event triggers' function made those. Where
-- neither is a superuser, there could be no event triggers.
SELECT coalesce((SELECT bool_or(r.rolsuper) FROM pg_catalog.pg_roles r
                 WHERE r.oid IN (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'extensions')
                    OR r.oid IN (SELECT p.proowner FROM pg_catalog.pg_proc p
                                 JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                                 WHERE n.nspname = ANY (%(guarded)s) AND p.prorettype = 'event_trigger'::regtype)), false);

-- name: outsiders --
-- What the operator decides, and the auditor should know.
SELECT 'role ' || m.member::regrole::text || ' is a member of ' || m.roleid::regrole::text
    || CASE WHEN NOT (bool_or(m.set_option) OR bool_or(m.inherit_option)) THEN ', to administer it' ELSE '' END
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
JOIN pg_catalog.pg_roles b ON b.oid = m.member
WHERE (r.rolname = ANY (%(roles)s) OR r.rolname IN ('pg_write_all_data', 'pg_maintain'))
  AND b.rolname <> ALL (%(roles)s)
GROUP BY m.member, m.roleid, r.rolname
HAVING r.rolname <> 'desk_owner' OR NOT (bool_or(m.set_option) OR bool_or(m.inherit_option))
UNION ALL
SELECT 'event trigger ' || quote_ident(t.evtname) || ' on ' || t.evtevent || ' calls ' || t.evtfoid::regprocedure::text
    || ', no function of the desk'
FROM pg_catalog.pg_event_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.evtfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname <> ALL (%(guarded)s) AND t.evtname NOT LIKE 'caseledger%%'
UNION ALL
SELECT 'publication ' || quote_ident(p.pubname) || ' sends ' || c.oid::regclass::text || ' to other databases'
FROM pg_catalog.pg_publication p
CROSS JOIN LATERAL pg_catalog.pg_get_publication_tables(p.pubname::text) AS g
JOIN pg_catalog.pg_class c ON c.oid = g.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(all)s)
UNION ALL
SELECT 'subscription ' || quote_ident(s.subname) || ' writes here what another database sends'
FROM pg_catalog.pg_subscription s
WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
ORDER BY 1;
