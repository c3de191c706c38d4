-- What the pass remembers in the clone until it is proved; dropped with the schema before the dump. A server that
-- crashes forgets all of it together, and with it that masking had begun: such a clone isn't masked further.

-- Steps that are done, each committed with its own work: a step that runs again skips them.
CREATE UNLOGGED TABLE refresh_mask.progress (
    step text PRIMARY KEY
);

-- Large tables that are written anew: their copy's number, the table's quoted name, and how many pages one session
-- takes at a time.
CREATE UNLOGGED TABLE refresh_mask.page_ranges (
    copy   int    PRIMARY KEY,
    source text   NOT NULL,
    pages  bigint NOT NULL
);

-- Rows of each table after it was filtered and before it was masked.
CREATE UNLOGGED TABLE refresh_mask.row_counts (
    table_name text   PRIMARY KEY,
    rows       bigint NOT NULL
);

-- NULLs of the columns that the user's own SQL assigns, before it did.
CREATE UNLOGGED TABLE refresh_mask.null_counts (
    table_name  text   NOT NULL,
    column_name text   NOT NULL,
    nulls       bigint NOT NULL,
    PRIMARY KEY (table_name, column_name)
);

-- Hashes of the raw values of masked columns. place: a column, numbered by the plan.
CREATE UNLOGGED TABLE refresh_mask.raw_values (
    place       int    NOT NULL,
    fingerprint bigint NOT NULL,
    occurrences bigint NOT NULL
);

-- The sum of the hashes of a column's raw values, and how many rows hold what must change; a row for each partition.
CREATE UNLOGGED TABLE refresh_mask.raw_totals (
    place       int     NOT NULL,
    total       numeric NULL,
    must_change bigint  NOT NULL
);

-- Drawn for the run: who doesn't know it can't try values.
CREATE UNLOGGED TABLE refresh_mask.fingerprint_seeds AS
SELECT ('x' || pg_catalog.left(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 12))::bit(48)::bigint
       AS seed;
