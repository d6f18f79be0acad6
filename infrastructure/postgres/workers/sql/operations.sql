-- The state of workers, by the database's clock alone.

-- name: beat --
INSERT INTO operations.workers AS w (worker, state, error, since, expected_by, figures)
VALUES (%(worker)s, %(state)s, %(error)s, now(), now() + %(within)s * interval '1 second', %(figures)s)
ON CONFLICT (worker) DO UPDATE SET
    state = excluded.state, error = excluded.error, expected_by = excluded.expected_by,
    figures = excluded.figures,
    since = CASE WHEN w.state = excluded.state THEN w.since ELSE excluded.since END;

-- name: leave --
DELETE FROM operations.workers WHERE worker = %(worker)s;

-- name: begin_anew --
DELETE FROM operations.set_aside WHERE kind = %s;

-- name: keep --
INSERT INTO operations.set_aside (kind, item, tries, given_up, error) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (kind, item) DO UPDATE SET tries = excluded.tries, given_up = excluded.given_up, error = excluded.error;

-- name: forget --
DELETE FROM operations.set_aside WHERE kind = %s AND item = %s;
