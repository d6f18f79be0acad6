-- Turns among workers of one kind.

-- name: listen_views --
LISTEN views;

-- name: take_turn --
SELECT pg_try_advisory_lock(%s);
