-- What waits for an auditor's approval is read from its own events: by the first event of each stream.
SET ROLE desk_owner;

CREATE INDEX approvals_idx ON ledger.stored_events (notification_id) WHERE topic = 'approval.opened';

RESET ROLE;
