-- The content of a case's bundle: its events as stored, and those of their disclosures that are not erased.

-- name: events --
SELECT e.notification_id, e.state
FROM ledger.numbers n JOIN ledger.stored_events e USING (originator_id)
WHERE n.number = %s AND e.notification_id <= %s
ORDER BY e.originator_version;

-- name: disclosures --
SELECT DISTINCT ON (e.originator_version, d.digest) d.digest, d.kind, d.salt, d.subject, d.value
FROM ledger.numbers n
JOIN ledger.stored_events e USING (originator_id)
JOIN vault.disclosures d USING (originator_id, originator_version)
WHERE n.number = %s AND e.notification_id <= %s
ORDER BY e.originator_version, d.digest;

-- name: files --
SELECT b.digest, b.content
FROM ledger.numbers n
JOIN ledger.stored_events e USING (originator_id)
JOIN vault.blobs b USING (originator_id, originator_version)
WHERE n.number = %s AND e.notification_id <= %s AND e.topic = 'case.attached';
