-- The objects of OCEL up to a position: from the views where these know how they changed, else from their events.

-- name: catalogue --
-- Every version of services and teams. They are few.
SELECT split_part(topic, '.', 1), recorded_at, convert_from(state, 'UTF8')::jsonb -> 'entry'
FROM ledger.stored_events
WHERE split_part(topic, '.', 1) = ANY (ledger.reference_topics()) AND split_part(topic, '.', 1) IN ('service', 'team')
  AND notification_id <= %s
ORDER BY originator_id, originator_version;

-- name: named --
-- Services, teams and people, each once: whoever or whatever an event of these objects names, and those of the catalogue.
-- Every event has an actor; `naming` are the topics whose events name others as well, so that only those are read in full.
SELECT DISTINCT kind, code FROM (
    SELECT x.kind, x.code COLLATE "C" AS code
    FROM (
        SELECT DISTINCT (convert_from(e.state, 'UTF8')::json -> 'by')::text AS by FROM ledger.stored_events e
        WHERE e.notification_id <= %(until)s AND split_part(e.topic, '.', 1) IN ('case', 'problem', 'service', 'team')
    ) actors
    CROSS JOIN LATERAL (VALUES
        ('person', CASE WHEN by::jsonb ->> 'role' NOT IN ('system', 'intake') THEN by::jsonb ->> 'subject' END),
        ('team', by::jsonb ->> 'team')
    ) AS x (kind, code)
    UNION ALL
    SELECT x.kind, x.code COLLATE "C"
    FROM ledger.stored_events e
    CROSS JOIN LATERAL (SELECT convert_from(e.state, 'UTF8')::jsonb AS j) s
    CROSS JOIN LATERAL (
        SELECT f.kind, s.j ->> f.field FROM unnest(%(kinds)s::text[], %(fields)s::text[]) AS f (kind, field)
        UNION ALL VALUES
        ('person', CASE WHEN e.topic = 'case.major_declared' THEN s.j ->> 'owner' END),
        ('service', CASE WHEN e.topic = 'case.corrected' AND s.j ->> 'field' = 'service' THEN s.j ->> 'value' END),
        ('person', s.j #>> '{entry,owner}'), ('team', s.j #>> '{entry,team}'), (split_part(e.topic, '.', 1), s.j #>> '{entry,id}')
    ) AS x (kind, code)
    WHERE e.notification_id <= %(until)s AND e.topic = ANY (%(naming)s)
    UNION ALL
    SELECT 'person', jsonb_array_elements_text(convert_from(e.state, 'UTF8')::jsonb #> '{entry,members}') COLLATE "C"
    FROM ledger.stored_events e
    WHERE split_part(e.topic, '.', 1) = ANY (ledger.reference_topics()) AND split_part(e.topic, '.', 1) = 'team'
      AND e.notification_id <= %(until)s
) named
WHERE code <> '' AND (kind, code) > (%(kind)s, %(code)s)
ORDER BY kind, code;

-- name: problems --
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id, e.recorded_at, e.db_role, n.number
FROM ledger.numbers n JOIN ledger.stored_events e USING (originator_id)
WHERE n.number > %(after)s AND n.number LIKE 'PRB-%%' AND e.notification_id <= %(until)s
ORDER BY n.number, e.originator_version;

-- name: cases --
-- The next cases after one, each with its interval since, then those that are ended.
WITH next AS (
    SELECT * FROM (
        (SELECT case_id, number, customer, channel, received_at, imported FROM views.open_cases WHERE case_id > %(after)s ORDER BY case_id LIMIT %(limit)s)
        UNION ALL
        (SELECT case_id, number, customer, channel, received_at, imported FROM views.closed_cases WHERE case_id > %(after)s ORDER BY case_id LIMIT %(limit)s)
    ) c ORDER BY case_id LIMIT %(limit)s
), versions AS (
    SELECT case_id, version, position, updated_at AS since, status, queue, service, team, technician, agency, nature, major,
           pending_reason, resolution_code, problem, external_ref, priority, impact, severity, reopenings, hand_backs
    FROM views.open_cases WHERE case_id IN (SELECT case_id FROM next)
    UNION ALL
    SELECT case_id, version, position, updated_at, status, queue, service, team, technician, agency, nature, major,
           pending_reason, resolution_code, problem, external_ref, priority, impact, severity, reopenings, hand_backs
    FROM views.closed_cases WHERE case_id IN (SELECT case_id FROM next)
    UNION ALL
    SELECT case_id, version, position, since, status, queue, service, team, technician, agency, nature, major,
           pending_reason, resolution_code, problem, external_ref, priority, impact, severity, reopenings, hand_backs
    FROM views.case_intervals WHERE case_id IN (SELECT case_id FROM next)
)
SELECT n.number, n.customer, n.channel, n.received_at, n.imported, v.*
FROM next n JOIN versions v USING (case_id)
ORDER BY case_id, v.version;

-- name: links --
-- Which cases these are linked to, in order.
SELECT originator_id, topic, state FROM ledger.stored_events
WHERE originator_id = ANY (%s) AND notification_id <= %s AND topic IN ('case.linked', 'case.unlinked')
ORDER BY originator_id, originator_version;
