-- The schema `reporting` as a product: plain types, a comment on every view and column, and all views as of one position.
-- No table changes, so nothing is folded anew. No release has had the two columns of ranges that are replaced here.
SET ROLE desk_projector;

DROP VIEW reporting.cases, reporting.case_history, reporting.resolutions, reporting.obligations, reporting.problems,
    reporting.outbox;

CREATE VIEW reporting.cases AS
SELECT number, case_id, version, position, status, queue, priority, impact, severity, service, team, technician, agency, channel,
       nature, major, received_at, updated_at, respond_by, resolve_by, resolved_at, closed_at, dispute_until, pending_reason,
       pending_since, resolution_code, problem, external_ref, reopenings, hand_backs, failed_fixes, imported
FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c;

CREATE VIEW reporting.case_history AS
SELECT number, case_id, version, position AS from_position, NULL::bigint AS until_position, updated_at AS from_at,
       NULL::timestamptz AS until_at, status, queue, priority, impact, severity, service, team, technician, agency, nature, major,
       pending_reason, resolution_code, problem, reopenings, hand_backs
FROM (TABLE views.open_cases UNION ALL TABLE views.closed_cases) c
UNION ALL
SELECT c.number, i.case_id, i.version::bigint, i.position, i.until_position, i.since, i.until,
       i.status, i.queue, i.priority, i.impact, i.severity, i.service, i.team, i.technician, i.agency, i.nature, i.major,
       i.pending_reason, i.resolution_code, i.problem, i.reopenings, i.hand_backs
FROM views.case_intervals i
JOIN (SELECT case_id, number FROM views.open_cases UNION ALL SELECT case_id, number FROM views.closed_cases) c USING (case_id);

CREATE VIEW reporting.resolutions AS
SELECT number, case_id, episode, position, received_at, resolved_at, first_resolved_at, net_seconds / 3600 AS net_hours, code,
       cause_corrected, problem, verifier, first_contact, superseded, ended_at, coalesce(reopened, false) AS reopened,
       reopened_after_closure_at, source_seconds / 3600 AS source_hours
FROM views.resolutions;

CREATE VIEW reporting.obligations AS
SELECT number, case_id, key, kind, about, role, team, lower(positions) AS from_position, upper(positions) AS until_position,
       since, due_at, settled_at, renewed
FROM views.obligations;

CREATE VIEW reporting.problems AS
SELECT number, id AS problem_id, version, status, priority, service, known_error, cardinality(incidents) AS incidents,
       opened_at, resolved_at, closed_at
FROM views.problems;

CREATE VIEW reporting.problem_incidents AS
SELECT number AS problem, unnest(incidents) AS number
FROM views.problems;

CREATE VIEW reporting.outbox AS
SELECT number, id AS message, kind, outcome, attempts, queued_at, due_at, accepted_at
FROM views.outbox;

-- The ledger goes on while the views are folded: events after their position are left out, so that all views agree.
CREATE VIEW reporting.events AS
SELECT e.notification_id AS position, e.originator_id AS stream, n.number, e.originator_version AS version, e.topic,
       coalesce((s.state ->> 'occurred_at')::timestamptz, e.recorded_at) AS occurred_at, e.recorded_at,
       CASE WHEN s.state #>> '{by,role}' NOT IN ('customer', 'external') THEN s.state #>> '{by,subject}' END AS actor,
       s.state #>> '{by,role}' AS role, s.state #>> '{by,team}' AS team, s.state #>> '{via,interface}' AS interface,
       s.state #>> '{via,channel}' AS channel, (s.state ->> 'causation')::bigint AS caused_by,
       s.state ->> 'origin' IS NOT NULL AS imported
FROM ledger.stored_events e
CROSS JOIN LATERAL (SELECT convert_from(e.state, 'UTF8')::jsonb AS state) s
LEFT JOIN (SELECT case_id AS id, number FROM views.open_cases
           UNION ALL SELECT case_id, number FROM views.closed_cases
           UNION ALL SELECT id, number FROM views.problems) n ON n.id = e.originator_id
WHERE e.notification_id <= (SELECT t.position FROM views.tracking t);

-- The catalogue is small, and its events have an index of their own (0003).
CREATE VIEW reporting.services AS
SELECT entry ->> 'id' AS service, entry ->> 'name' AS name, entry ->> 'team' AS team, entry ->> 'owner' AS owner,
       coalesce(entry ->> 'criticality', 'normal') AS criticality,
       CASE WHEN entry ? 'calendar' THEN entry ->> 'calendar' ELSE 'business' END AS calendar,
       coalesce(entry ->> 'help_desk', 'desk') AS help_desk, coalesce((entry ->> 'retired')::boolean, false) AS retired,
       version, recorded_at AS changed_at
FROM (
    SELECT DISTINCT ON (originator_id) originator_version AS version, recorded_at,
           convert_from(state, 'UTF8')::jsonb -> 'entry' AS entry
    FROM ledger.stored_events
    WHERE split_part(topic, '.', 1) = ANY (ledger.reference_topics()) AND split_part(topic, '.', 1) = 'service'
      AND notification_id <= (SELECT t.position FROM views.tracking t)
    ORDER BY originator_id, originator_version DESC
) latest
WHERE entry IS NOT NULL;

CREATE VIEW reporting.teams AS
SELECT entry ->> 'id' AS team, entry ->> 'name' AS name, coalesce(jsonb_array_length(entry -> 'members'), 0) AS members,
       CASE WHEN entry ? 'calendar' THEN entry ->> 'calendar' ELSE 'business' END AS calendar,
       coalesce((entry ->> 'retired')::boolean, false) AS retired, version, recorded_at AS changed_at
FROM (
    SELECT DISTINCT ON (originator_id) originator_version AS version, recorded_at,
           convert_from(state, 'UTF8')::jsonb -> 'entry' AS entry
    FROM ledger.stored_events
    WHERE split_part(topic, '.', 1) = ANY (ledger.reference_topics()) AND split_part(topic, '.', 1) = 'team'
      AND notification_id <= (SELECT t.position FROM views.tracking t)
    ORDER BY originator_id, originator_version DESC
) latest
WHERE entry IS NOT NULL;

COMMENT ON SCHEMA reporting IS 'Plain views for reporting jobs: no words, no contact data, no customer. All views are as of one position.';

COMMENT ON VIEW reporting.position IS 'One row in all: the position up to which all views are folded.';
COMMENT ON COLUMN reporting.position.position IS 'The last folded event.';
COMMENT ON COLUMN reporting.position.events IS 'How many events are folded.';

COMMENT ON VIEW reporting.cases IS 'One row a case, as it is now.';
COMMENT ON COLUMN reporting.cases.number IS 'The number that people use, such as INC-0000123. Unique.';
COMMENT ON COLUMN reporting.cases.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.cases.version IS 'How many events it has.';
COMMENT ON COLUMN reporting.cases.position IS 'The position of its last event.';
COMMENT ON COLUMN reporting.cases.status IS 'logged, triaged, prioritized, in_diagnosis, assigned, resolved or closed.';
COMMENT ON COLUMN reporting.cases.queue IS 'The queue it stands in: one of the desk''s by status, its team''s once assigned; null once closed.';
COMMENT ON COLUMN reporting.cases.priority IS '1 (highest) to 4; null before it is assessed.';
COMMENT ON COLUMN reporting.cases.impact IS '1 (high) to 3 (low).';
COMMENT ON COLUMN reporting.cases.severity IS '1 (high) to 3 (low).';
COMMENT ON COLUMN reporting.cases.service IS 'The service, as in services.';
COMMENT ON COLUMN reporting.cases.team IS 'The team that it is assigned to, as in teams.';
COMMENT ON COLUMN reporting.cases.technician IS 'The staff member who has accepted it.';
COMMENT ON COLUMN reporting.cases.agency IS 'The customer''s agency.';
COMMENT ON COLUMN reporting.cases.channel IS 'How it reached the desk: phone, email, self_service, monitoring, chat, walk_in, partner_desk or other.';
COMMENT ON COLUMN reporting.cases.nature IS 'actual or impending.';
COMMENT ON COLUMN reporting.cases.major IS 'nominated, declared or rejected; null where nobody nominated it as a major incident.';
COMMENT ON COLUMN reporting.cases.received_at IS 'When the customer''s report reached the desk: the start of every target.';
COMMENT ON COLUMN reporting.cases.updated_at IS 'When its last event happened.';
COMMENT ON COLUMN reporting.cases.respond_by IS 'Target of the first contact.';
COMMENT ON COLUMN reporting.cases.resolve_by IS 'Target of the resolution, pauses included so far.';
COMMENT ON COLUMN reporting.cases.resolved_at IS 'When it was last resolved; null while it is open.';
COMMENT ON COLUMN reporting.cases.closed_at IS 'When it was closed; null until then.';
COMMENT ON COLUMN reporting.cases.dispute_until IS 'When its dispute window ends.';
COMMENT ON COLUMN reporting.cases.pending_reason IS 'What it waits for: customer, vendor, problem or evidence; null while it does not wait.';
COMMENT ON COLUMN reporting.cases.pending_since IS 'Since when it waits.';
COMMENT ON COLUMN reporting.cases.resolution_code IS 'The code of its standing resolution.';
COMMENT ON COLUMN reporting.cases.problem IS 'The Problem Case of its standing resolution, as in problems.';
COMMENT ON COLUMN reporting.cases.external_ref IS 'Its number in the system that it came from.';
COMMENT ON COLUMN reporting.cases.reopenings IS 'How often it was reopened.';
COMMENT ON COLUMN reporting.cases.hand_backs IS 'How often a team handed it back.';
COMMENT ON COLUMN reporting.cases.failed_fixes IS 'How often the customer said that it does not work.';
COMMENT ON COLUMN reporting.cases.imported IS 'Whether it comes from another system''s history.';

COMMENT ON VIEW reporting.case_history IS 'One row a case and interval between two of its events. Past states are rows whose interval holds the point: `from_position <= p and (until_position is null or until_position > p)` is what the record held at position p, the same with `from_at` and `until_at` what had happened by a moment.';
COMMENT ON COLUMN reporting.case_history.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.case_history.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.case_history.version IS 'The event that began the interval, by its place in the case. Unique with case_id.';
COMMENT ON COLUMN reporting.case_history.from_position IS 'The position of that event.';
COMMENT ON COLUMN reporting.case_history.until_position IS 'The position of the event that ended the interval, which it does not include; null for the last one.';
COMMENT ON COLUMN reporting.case_history.from_at IS 'When the interval began. It never begins before the one before it.';
COMMENT ON COLUMN reporting.case_history.until_at IS 'When it ended, exclusive; null for the last one. Equal to from_at where two events have one moment.';
COMMENT ON COLUMN reporting.case_history.status IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.queue IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.priority IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.impact IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.severity IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.service IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.team IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.technician IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.agency IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.nature IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.major IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.pending_reason IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.resolution_code IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.problem IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.reopenings IS 'As in cases.';
COMMENT ON COLUMN reporting.case_history.hand_backs IS 'As in cases.';

COMMENT ON VIEW reporting.resolutions IS 'One row a stay of a case in `resolved` (an episode).';
COMMENT ON COLUMN reporting.resolutions.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.resolutions.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.resolutions.episode IS 'Its stays, counted from 1. Unique with case_id.';
COMMENT ON COLUMN reporting.resolutions.position IS 'The position of the resolution.';
COMMENT ON COLUMN reporting.resolutions.received_at IS 'When the case was received.';
COMMENT ON COLUMN reporting.resolutions.resolved_at IS 'When it was resolved.';
COMMENT ON COLUMN reporting.resolutions.first_resolved_at IS 'When it was first resolved as an incident, up to this stay; null before.';
COMMENT ON COLUMN reporting.resolutions.net_hours IS 'Hours from receipt to this resolution, less pauses and less earlier stays in `resolved`.';
COMMENT ON COLUMN reporting.resolutions.code IS 'fixed, workaround, averted, not_reproducible and so on; `referred`, `duplicate` and `reclassified_request` are no incidents, and reports leave them out.';
COMMENT ON COLUMN reporting.resolutions.cause_corrected IS 'yes, no, unknown or not_recorded.';
COMMENT ON COLUMN reporting.resolutions.problem IS 'The Problem Case that it was linked to.';
COMMENT ON COLUMN reporting.resolutions.verifier IS 'Who verified: customer, technician, unreachable and so on; null where nobody did.';
COMMENT ON COLUMN reporting.resolutions.first_contact IS 'Whether the desk resolved it itself, never assigned to a team.';
COMMENT ON COLUMN reporting.resolutions.superseded IS 'Whether another stay follows.';
COMMENT ON COLUMN reporting.resolutions.ended_at IS 'When the stay ended; null while it lasts.';
COMMENT ON COLUMN reporting.resolutions.reopened IS 'Whether it ended in a reopening, not in a closure.';
COMMENT ON COLUMN reporting.resolutions.reopened_after_closure_at IS 'When the closed case was first opened again; null where it was not.';
COMMENT ON COLUMN reporting.resolutions.source_hours IS 'Imported cases: the source''s own resolved_at minus opened_at, in hours.';

COMMENT ON VIEW reporting.obligations IS 'One row an obligation, from the event that creates it to the one that ends it.';
COMMENT ON COLUMN reporting.obligations.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.obligations.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.obligations.key IS 'What it is about, within its case. Unique with case_id and from_position.';
COMMENT ON COLUMN reporting.obligations.kind IS 'What is owed, such as communicate, review_major or read_answer.';
COMMENT ON COLUMN reporting.obligations.about IS 'What it refers to, such as another case; empty where its kind says all.';
COMMENT ON COLUMN reporting.obligations.role IS 'The role that owes it.';
COMMENT ON COLUMN reporting.obligations.team IS 'The team that owes it; null for the desk.';
COMMENT ON COLUMN reporting.obligations.from_position IS 'The position of the event that creates it.';
COMMENT ON COLUMN reporting.obligations.until_position IS 'The position of the event that ends it; null while it stands.';
COMMENT ON COLUMN reporting.obligations.since IS 'Since when it stands.';
COMMENT ON COLUMN reporting.obligations.due_at IS 'When it is due.';
COMMENT ON COLUMN reporting.obligations.settled_at IS 'When it ended; null while it stands.';
COMMENT ON COLUMN reporting.obligations.renewed IS 'Whether it ended because the same is owed again with another due time.';

COMMENT ON VIEW reporting.problems IS 'One row a Problem Case, as it is now.';
COMMENT ON COLUMN reporting.problems.number IS 'Its number, such as PRB-0000007. Unique.';
COMMENT ON COLUMN reporting.problems.problem_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.problems.version IS 'How many events it has.';
COMMENT ON COLUMN reporting.problems.status IS 'open, investigated, known_error, resolved or closed.';
COMMENT ON COLUMN reporting.problems.priority IS '1 (highest) to 4; null before it is assessed.';
COMMENT ON COLUMN reporting.problems.service IS 'The service, as in services.';
COMMENT ON COLUMN reporting.problems.known_error IS 'The number of the known error published of it.';
COMMENT ON COLUMN reporting.problems.incidents IS 'How many incidents are linked to it.';
COMMENT ON COLUMN reporting.problems.opened_at IS 'When it was opened.';
COMMENT ON COLUMN reporting.problems.resolved_at IS 'When it was resolved; null until then.';
COMMENT ON COLUMN reporting.problems.closed_at IS 'When it was closed; null until then.';

COMMENT ON VIEW reporting.problem_incidents IS 'One row an incident of a Problem Case.';
COMMENT ON COLUMN reporting.problem_incidents.problem IS 'The problem, as in problems.';
COMMENT ON COLUMN reporting.problem_incidents.number IS 'The incident, as in cases.';

COMMENT ON VIEW reporting.outbox IS 'One row a mail to a customer.';
COMMENT ON COLUMN reporting.outbox.number IS 'The case that it is about.';
COMMENT ON COLUMN reporting.outbox.message IS 'The stream of its events.';
COMMENT ON COLUMN reporting.outbox.kind IS 'What it says, such as acknowledged or resolved.';
COMMENT ON COLUMN reporting.outbox.outcome IS 'queued, accepted, bounced or withdrawn.';
COMMENT ON COLUMN reporting.outbox.attempts IS 'How often it was tried.';
COMMENT ON COLUMN reporting.outbox.queued_at IS 'When it was queued.';
COMMENT ON COLUMN reporting.outbox.due_at IS 'The next attempt; null when there is none.';
COMMENT ON COLUMN reporting.outbox.accepted_at IS 'When the mail server accepted it.';

COMMENT ON VIEW reporting.events IS 'One row an event of the record, without its words. Positions grow with time; a position may be missing.';
COMMENT ON COLUMN reporting.events.position IS 'Its place in the record. Unique.';
COMMENT ON COLUMN reporting.events.stream IS 'The aggregate that it belongs to: a case, a problem, a mail, a service and so on.';
COMMENT ON COLUMN reporting.events.number IS 'The number of a case or a problem; null for other streams.';
COMMENT ON COLUMN reporting.events.version IS 'Its place in its stream, from 1.';
COMMENT ON COLUMN reporting.events.topic IS 'What happened, such as case.resolved (docs/events.md).';
COMMENT ON COLUMN reporting.events.occurred_at IS 'When it happened: the source''s time for imported events, else recorded_at.';
COMMENT ON COLUMN reporting.events.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN reporting.events.actor IS 'The staff member or the process that caused it; null for customers and for people of other systems.';
COMMENT ON COLUMN reporting.events.role IS 'In which role.';
COMMENT ON COLUMN reporting.events.team IS 'Of which team, where that matters.';
COMMENT ON COLUMN reporting.events.interface IS 'The interface that it came through, such as http, mail or import.';
COMMENT ON COLUMN reporting.events.channel IS 'The customer''s channel, where they spoke.';
COMMENT ON COLUMN reporting.events.caused_by IS 'Automatic events: the position of the event that caused this one.';
COMMENT ON COLUMN reporting.events.imported IS 'Whether it comes from another system''s history.';

COMMENT ON VIEW reporting.services IS 'One row a service of the catalogue, as it is now.';
COMMENT ON COLUMN reporting.services.service IS 'Its id, as in cases. Unique.';
COMMENT ON COLUMN reporting.services.name IS 'Its published name.';
COMMENT ON COLUMN reporting.services.team IS 'The team that owns it.';
COMMENT ON COLUMN reporting.services.owner IS 'The staff member who owns it.';
COMMENT ON COLUMN reporting.services.criticality IS 'One of the policy''s criticalities.';
COMMENT ON COLUMN reporting.services.calendar IS 'business or always; null for its team''s.';
COMMENT ON COLUMN reporting.services.help_desk IS 'The help desk that serves it: desk for this one.';
COMMENT ON COLUMN reporting.services.retired IS 'Whether it is no longer in use.';
COMMENT ON COLUMN reporting.services.version IS 'The version of the entry.';
COMMENT ON COLUMN reporting.services.changed_at IS 'When that version was recorded.';

COMMENT ON VIEW reporting.teams IS 'One row a service team, as it is now.';
COMMENT ON COLUMN reporting.teams.team IS 'Its id, as in cases. Unique.';
COMMENT ON COLUMN reporting.teams.name IS 'Its published name.';
COMMENT ON COLUMN reporting.teams.members IS 'How many people the catalogue lists.';
COMMENT ON COLUMN reporting.teams.calendar IS 'business or always; null for the policy''s.';
COMMENT ON COLUMN reporting.teams.retired IS 'Whether it is no longer in use.';
COMMENT ON COLUMN reporting.teams.version IS 'The version of the entry.';
COMMENT ON COLUMN reporting.teams.changed_at IS 'When that version was recorded.';

COMMENT ON VIEW reporting.unowned_cases IS 'Always empty: open cases in no queue, or assigned to no team (R-6b). A row is a fault of the desk.';
COMMENT ON COLUMN reporting.unowned_cases.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.unowned_cases.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.unowned_cases.status IS 'As in cases.';
COMMENT ON COLUMN reporting.unowned_cases.queue IS 'As in cases.';
COMMENT ON COLUMN reporting.unowned_cases.team IS 'As in cases.';

COMMENT ON VIEW reporting.resolved_without_problem IS 'Always empty: resolutions whose cause was not corrected, without a problem (R-5.8.1a). A row is a fault of the desk.';
COMMENT ON COLUMN reporting.resolved_without_problem.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.resolved_without_problem.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.resolved_without_problem.episode IS 'As in resolutions.';
COMMENT ON COLUMN reporting.resolved_without_problem.resolved_at IS 'As in resolutions.';
COMMENT ON COLUMN reporting.resolved_without_problem.code IS 'As in resolutions.';
COMMENT ON COLUMN reporting.resolved_without_problem.cause_corrected IS 'As in resolutions.';

GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO desk_auditor, desk_reporter;

RESET ROLE;
