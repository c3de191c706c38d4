-- What the pass remembers in the clone until it is proved; dropped with the schema before the dump.

-- Steps that are done, each committed with its own work: a step that runs again skips them.
CREATE TABLE refresh_mask.progress (
    step text PRIMARY KEY
);

-- Rows of each table after it was filtered and before it was masked.
CREATE TABLE refresh_mask.row_counts (
    table_name text   PRIMARY KEY,
    rows       bigint NOT NULL
);

-- NULLs of the columns that the user's own SQL assigns, before it did.
CREATE TABLE refresh_mask.null_counts (
    table_name  text   NOT NULL,
    column_name text   NOT NULL,
    nulls       bigint NOT NULL,
    PRIMARY KEY (table_name, column_name)
);

-- Keyed hashes of the raw values of masked columns. place: a column, numbered by the plan.
CREATE TABLE refresh_mask.raw_values (
    place       int    NOT NULL,
    fingerprint uuid   NOT NULL,
    occurrences bigint NOT NULL
);
