-- Reports that may be about the same: from the view of open reports, and what it has not folded yet.

-- name: known --
SELECT * FROM search.similar(
    %(terms)b::int[], %(number)s, %(service)s, %(external_ref)s, %(since)s, %(until)s, %(newest_day)s::int, %(oldest_day)s::int,
    %(decided)b::text[], %(certain)s::float8, %(other_service)s::float8, %(postings)s::int, %(limit)s::int);

-- name: unfolded --
-- The newest reports that were logged or changed in a range of positions, with the words of all their versions; and where
-- views and ledger stand.
WITH place AS MATERIALIZED (
    SELECT t.position AS folded, (SELECT max(notification_id) FROM ledger.stored_events) AS head FROM views.tracking t
), changed AS MATERIALIZED (
    SELECT e.notification_id AS position, e.originator_id AS id
    FROM ledger.stored_events e
    -- Subqueries, not a join: only what the index finds in the range is read.
    WHERE e.notification_id > greatest((SELECT folded FROM place), %(after)s::bigint)
      AND e.notification_id <= coalesce(%(until)s::bigint, (SELECT head FROM place))
      AND e.topic IN ('case.logged', 'case.corrected', 'case.reopened')
    ORDER BY e.notification_id DESC LIMIT %(most)s
)
SELECT p.folded, p.head, (SELECT count(*) FROM changed) AS found, (SELECT min(position) FROM changed) AS lowest,
       r.id, r.position,
       ARRAY(SELECT s.state FROM ledger.stored_events s
             WHERE s.originator_id = r.id AND s.topic IN ('case.logged', 'case.corrected')
             ORDER BY s.originator_version) AS states,
       ARRAY(SELECT d.value FROM vault.disclosures d
             JOIN ledger.stored_events s ON s.originator_id = d.originator_id AND s.originator_version = d.originator_version
             WHERE d.originator_id = r.id AND d.kind = 'customer_words' AND s.topic IN ('case.logged', 'case.corrected')
             ORDER BY d.originator_version) AS values
FROM place p
LEFT JOIN (SELECT c.id, max(c.position) AS position FROM changed c GROUP BY c.id) r ON true;
