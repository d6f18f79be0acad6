-- Cosignatures and timestamps of checkpoints, and the note that goes out.

-- name: current_note --
-- The newest checkpoint of a log, or of the current one, and the witnesses' lines.
SELECT c.note, coalesce((
    SELECT string_agg(s.line || E'\n', '' ORDER BY s.witness)
    FROM tlog.cosignatures s WHERE s.log = c.log AND s.size = c.size
), '')
FROM tlog.checkpoints c
WHERE c.log = coalesce(%(log)s::int, (SELECT max(log) FROM tlog.checkpoints))
ORDER BY c.log DESC, c.size DESC LIMIT 1;

-- name: log_of --
SELECT log FROM tlog.logs WHERE origin = %s;

-- name: keep_cosignature --
INSERT INTO tlog.cosignatures (log, size, witness, line) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- name: keep_timestamp --
INSERT INTO tlog.timestamps (log, size, authority, reply) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- name: since_timestamp --
-- Seconds since an authority last stamped a checkpoint of a log.
SELECT extract(epoch FROM clock_timestamp() - max(received_at))::float8 FROM tlog.timestamps
WHERE log = %s AND authority = %s;
