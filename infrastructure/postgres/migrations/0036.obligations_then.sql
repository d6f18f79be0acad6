-- What was owed at a past moment: most obligations are met soon, and are among the next to end; the long ones have an index of
-- ranges, in the order of their due times.
SET ROLE desk_projector;

CREATE INDEX obligation_until_idx ON views.obligations (upper(positions)) WHERE NOT upper_inf(positions);
CREATE INDEX obligation_settled_idx ON views.obligations (settled_at) WHERE NOT upper_inf(positions);
CREATE INDEX long_obligation_idx ON views.obligations USING gist (due_at, positions, tstzrange(since, settled_at, '[]'))
    WHERE NOT upper_inf(positions) AND (upper(positions) - lower(positions) >= 16384 OR settled_at - since >= interval '7 days');

RESET ROLE;
