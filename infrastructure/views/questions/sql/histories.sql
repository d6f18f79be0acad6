-- Whole histories of cases, from the record. Views only say which mails a case has.

-- name: cases --
-- The next cases in the order of their ids that had begun by then.
SELECT n.number, n.originator_id AS id FROM ledger.numbers n
JOIN ledger.stored_events e ON e.originator_id = n.originator_id AND e.originator_version = 1
WHERE n.originator_id > %(after)s AND n.number LIKE 'INC-%%' AND e.notification_id <= %(position)s
ORDER BY n.originator_id LIMIT %(limit)s;

-- name: case --
SELECT number, originator_id AS id FROM ledger.numbers WHERE number = %(number)s AND number LIKE 'INC-%%';

-- name: count --
SELECT count(*) AS cases FROM ledger.numbers WHERE number LIKE 'INC-%%';

-- name: events --
SELECT originator_id AS id, topic, originator_version AS version, notification_id AS position, recorded_at, state
FROM ledger.stored_events
WHERE originator_id = ANY (%(ids)s) AND notification_id <= %(position)s;

-- name: mails --
SELECT o.number, e.topic, e.originator_version AS version, e.notification_id AS position, e.recorded_at, e.state
FROM views.outbox o
JOIN ledger.stored_events e ON e.originator_id = o.id AND e.originator_version = 1
WHERE o.number = ANY (%(numbers)s) AND e.notification_id <= %(position)s;

-- name: problems --
SELECT n.number, e.topic, e.originator_version AS version, e.notification_id AS position, e.recorded_at, e.state
FROM ledger.numbers n
JOIN ledger.stored_events e USING (originator_id)
WHERE n.number = ANY (%(problems)s) AND e.topic IN ('problem.opened', 'problem.incident_linked')
  AND e.notification_id <= %(position)s;
