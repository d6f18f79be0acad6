-- What the schema is, and from which one on a release must know it (docs/operating.md, Upgrades). A migration run writes the row.
SET ROLE desk_owner;

CREATE TABLE operations.schema (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    level int NOT NULL, -- the number of the last migration
    needs int NOT NULL  -- the number of the last migration that took something away
);
GRANT SELECT ON operations.schema TO desk_api, desk_projector, desk_processes, desk_mail, desk_sealer, desk_auditor, desk_eraser;

RESET ROLE;
