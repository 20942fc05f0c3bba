-- +goose Up

-- One row per commit of attempts: `attempts` has them all, in the order of their ids, from `first` to `last`
-- (attempt_encode.go); segments may overlap. keys and ids are Bloom filters of what they can be found by (attempt_filter.go).
-- The indices have all that is asked of segments without looking inside; the second one of those worth joining (attempt_compact.go).
CREATE TABLE attempt_segments (
    segment  INTEGER PRIMARY KEY,
    first    TEXT   NOT NULL,
    last     TEXT   NOT NULL,
    newest   BIGINT NOT NULL,
    count    BIGINT NOT NULL,
    bytes    BIGINT NOT NULL,
    keys     BLOB NOT NULL,
    ids      BLOB NOT NULL,
    attempts BLOB NOT NULL
);

CREATE INDEX attempt_segments_order ON attempt_segments (last, first, newest, count, bytes);

CREATE INDEX attempt_segments_small ON attempt_segments (last, first, newest, count, bytes) WHERE count < 256 AND bytes < 131072;

-- What became known of an attempt after it was stored; NULL: nothing.
CREATE TABLE attempt_notes (
    id          TEXT NOT NULL PRIMARY KEY,
    feedback    TEXT,
    feedback_at BIGINT,
    code        INTEGER,
    reason      BLOB
) WITHOUT ROWID;
