-- The facts that reports count (0052), for reporting jobs. No table changes, so nothing is folded anew.
SET ROLE desk_projector;

CREATE VIEW reporting.case_measures AS
SELECT c.number, f.case_id, f.received_at, f.status, f.priority, f.service, f.team, f.channel, f.agency, f.always AS around_the_clock,
       f.acknowledged_at, e.acknowledged / 3600 AS acknowledge_hours,
       CASE WHEN f.always THEN e.acknowledged ELSE f.acknowledged_business END / 3600 AS acknowledge_business_hours,
       f.responded_at, f.respond_by, e.responded / 3600 AS respond_hours,
       CASE WHEN f.always THEN e.responded ELSE f.responded_business END / 3600 AS respond_business_hours,
       f.resolved_at, f.resolve_by, f.code AS resolution_code,
       date_part('epoch', f.resolved_at - f.received_at) / 3600 AS resolve_wall_clock_hours,
       f.net_seconds / 3600 AS resolve_hours,
       CASE WHEN f.always THEN f.net_seconds ELSE f.business_seconds END / 3600 AS resolve_business_hours,
       f.first_resolved_at, f.first_net_seconds / 3600 AS first_resolve_hours,
       CASE WHEN f.always THEN f.first_net_seconds ELSE f.first_business_seconds END / 3600 AS first_resolve_business_hours,
       f.first_contact, f.disputed, f.reopened, f.after_closure AS reopened_after_closure
FROM views.case_facts f
JOIN (SELECT case_id, number FROM views.open_cases UNION ALL SELECT case_id, number FROM views.closed_cases) c USING (case_id)
-- Elapsed seconds; an imported clock may have run backwards. `greatest` alone would make 0 of what has not happened.
CROSS JOIN LATERAL (SELECT
    CASE WHEN f.acknowledged_at IS NOT NULL THEN greatest(date_part('epoch', f.acknowledged_at - f.received_at), 0) END AS acknowledged,
    CASE WHEN f.responded_at IS NOT NULL THEN greatest(date_part('epoch', f.responded_at - f.received_at), 0) END AS responded
) e;

CREATE VIEW reporting.happenings AS
SELECT h.position, h.kind, h.value, c.number, h.case_id, h.at AS happened_at, h.seconds / 3600 AS hours, h.imported, h.priority,
       h.team, h.service, h.channel, h.agency
FROM views.happenings h
JOIN (SELECT case_id, number FROM views.open_cases UNION ALL SELECT case_id, number FROM views.closed_cases) c USING (case_id);

COMMENT ON VIEW reporting.case_measures IS 'One row a case, as it is now: how long it took. Hours elapse; business hours run by the hours of the policy that was in force, or elapse where the calendar of the case is around the clock.';
COMMENT ON COLUMN reporting.case_measures.number IS 'The case''s number. Unique.';
COMMENT ON COLUMN reporting.case_measures.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.case_measures.received_at IS 'When the customer''s report reached the desk.';
COMMENT ON COLUMN reporting.case_measures.status IS 'As in cases.';
COMMENT ON COLUMN reporting.case_measures.priority IS 'As in cases.';
COMMENT ON COLUMN reporting.case_measures.service IS 'As in cases.';
COMMENT ON COLUMN reporting.case_measures.team IS 'As in cases.';
COMMENT ON COLUMN reporting.case_measures.channel IS 'As in cases.';
COMMENT ON COLUMN reporting.case_measures.agency IS 'As in cases.';
COMMENT ON COLUMN reporting.case_measures.around_the_clock IS 'Whether its calendar is around the clock.';
COMMENT ON COLUMN reporting.case_measures.acknowledged_at IS 'The first action of a person on it; null until then.';
COMMENT ON COLUMN reporting.case_measures.acknowledge_hours IS 'Hours from receipt until then.';
COMMENT ON COLUMN reporting.case_measures.acknowledge_business_hours IS 'The same in business hours.';
COMMENT ON COLUMN reporting.case_measures.responded_at IS 'The first substantive contact with the customer; null until then.';
COMMENT ON COLUMN reporting.case_measures.respond_by IS 'Its target.';
COMMENT ON COLUMN reporting.case_measures.respond_hours IS 'Hours from receipt until that contact.';
COMMENT ON COLUMN reporting.case_measures.respond_business_hours IS 'The same in business hours.';
COMMENT ON COLUMN reporting.case_measures.resolved_at IS 'The last resolution, also of a case that was taken up again; null until the first.';
COMMENT ON COLUMN reporting.case_measures.resolve_by IS 'Target of the resolution.';
COMMENT ON COLUMN reporting.case_measures.resolution_code IS 'The code of that resolution; `referred`, `duplicate` and `reclassified_request` are no incidents, and reports leave them out.';
COMMENT ON COLUMN reporting.case_measures.resolve_wall_clock_hours IS 'Hours from receipt to the last resolution.';
COMMENT ON COLUMN reporting.case_measures.resolve_hours IS 'The same, less pauses and less earlier stays in `resolved`.';
COMMENT ON COLUMN reporting.case_measures.resolve_business_hours IS 'The same in business hours.';
COMMENT ON COLUMN reporting.case_measures.first_resolved_at IS 'The first resolution as an incident; null before.';
COMMENT ON COLUMN reporting.case_measures.first_resolve_hours IS 'Hours from receipt until then, less pauses.';
COMMENT ON COLUMN reporting.case_measures.first_resolve_business_hours IS 'The same in business hours.';
COMMENT ON COLUMN reporting.case_measures.first_contact IS 'Whether the desk resolved it itself, never assigned to a team.';
COMMENT ON COLUMN reporting.case_measures.disputed IS 'Whether its last resolution was disputed.';
COMMENT ON COLUMN reporting.case_measures.reopened IS 'Whether its last resolution was reopened.';
COMMENT ON COLUMN reporting.case_measures.reopened_after_closure IS 'Whether it was opened again after it was closed.';

COMMENT ON VIEW reporting.happenings IS 'One row for something that befell a case at a moment, with the case as it stood then.';
COMMENT ON COLUMN reporting.happenings.position IS 'The position of the event. Unique with kind and value.';
COMMENT ON COLUMN reporting.happenings.kind IS 'assigned, handed_back, notified, notification_failed, major, closed_by_timer or deviation.';
COMMENT ON COLUMN reporting.happenings.value IS 'Of `major`: nominated, declared or rejected; of `deviation` its name; else empty.';
COMMENT ON COLUMN reporting.happenings.number IS 'The case''s number.';
COMMENT ON COLUMN reporting.happenings.case_id IS 'The stream of its events.';
COMMENT ON COLUMN reporting.happenings.happened_at IS 'When it happened.';
COMMENT ON COLUMN reporting.happenings.hours IS 'Of `closed_by_timer`: hours from the end of the dispute window to the closure.';
COMMENT ON COLUMN reporting.happenings.imported IS 'Whether it comes from another system''s history.';
COMMENT ON COLUMN reporting.happenings.priority IS 'The priority then.';
COMMENT ON COLUMN reporting.happenings.team IS 'The team then; of `handed_back` the team that gave it back.';
COMMENT ON COLUMN reporting.happenings.service IS 'The service then.';
COMMENT ON COLUMN reporting.happenings.channel IS 'As in cases.';
COMMENT ON COLUMN reporting.happenings.agency IS 'The customer''s agency then.';

GRANT SELECT ON reporting.case_measures, reporting.happenings TO desk_auditor, desk_reporter;

RESET ROLE;
