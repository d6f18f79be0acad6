-- A stay in `resolved` keeps the first reopening after its closure, which no later one hides from the past any more.
-- Where an import has closed and opened a case several times without a resolution, what was folded before is set right.
SET ROLE desk_projector;

UPDATE views.resolutions r
SET (reopened_after_closure_position, reopened_after_closure_at) = (
    SELECT lower(i.positions), lower(i.valid)
    FROM views.case_intervals i
    JOIN views.case_intervals before ON before.case_id = i.case_id AND before.version = i.version - 1
    WHERE i.case_id = r.case_id AND lower(i.positions) > r.position AND before.status = 'closed' AND i.status <> 'closed'
    ORDER BY i.version LIMIT 1)
WHERE r.reopened_after_closure_position IS NOT NULL;

RESET ROLE;
