-- Whose data are kept, in which cases, and whether they are due (docs/reporting.md, retention). The vault is read as it is
-- now, and cases as far as they are folded.

-- name: due --
WITH cases AS (
    TABLE views.open_cases UNION ALL TABLE views.closed_cases
), said AS (
    SELECT d.subject, count(*) AS disclosures, count(*) FILTER (WHERE d.kind <> 'staff_words') AS erasable
    FROM vault.disclosures d
    WHERE d.subject <> 'policy' AND split_part(d.subject, ':', 1) <> ALL (%(office)s)
    GROUP BY 1
), involved AS ( -- their own cases, and those that they reported for somebody else
    SELECT c.customer AS subject, c.case_id
    FROM said s JOIN cases c ON c.customer = s.subject
    UNION
    SELECT d.subject, d.originator_id
    FROM said s JOIN vault.disclosures d USING (subject)
    WHERE EXISTS (SELECT FROM cases c WHERE c.case_id = d.originator_id)
), persons AS (
    SELECT s.subject, s.disclosures, s.erasable, count(*) AS cases, max(c.closed_at) AS last_closed_at,
           bool_and(c.status = 'closed') AS ended, bool_or(c.held_since IS NOT NULL) AS held, max(c.closed_at) AS since
    FROM said s JOIN involved i USING (subject)
    JOIN cases c ON c.case_id = i.case_id
    GROUP BY 1, 2, 3
    UNION ALL -- authors of a mail that became no case; not customers in the directory, whom the desk keeps there
    SELECT s.subject, s.disclosures, s.erasable, 0, NULL, bool_and(split_part(e.topic, '.', 1) <> 'customer'), false,
           max(e.recorded_at)
    FROM said s JOIN vault.disclosures d USING (subject)
    JOIN ledger.stored_events e USING (originator_id, originator_version)
    WHERE NOT EXISTS (SELECT FROM involved i WHERE i.subject = s.subject)
    GROUP BY 1, 2, 3
)
SELECT p.subject, p.cases, p.last_closed_at, p.disclosures, p.held
FROM persons p
WHERE p.ended AND p.erasable > 0 AND p.since < %(before)s
ORDER BY p.since, p.subject;

-- name: vault --
SELECT d.kind, count(*) AS disclosures FROM vault.disclosures d GROUP BY 1 ORDER BY 1;

-- name: persons --
SELECT count(DISTINCT d.subject) AS subjects,
       (SELECT count(*) FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c WHERE c.held_since IS NOT NULL) AS cases_on_hold,
       (SELECT position FROM views.tracking) AS position
FROM vault.disclosures d
WHERE d.subject <> 'policy' AND split_part(d.subject, ':', 1) <> ALL (%(office)s);
