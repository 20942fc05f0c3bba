-- +goose Up

-- One row per commit of attempts: `attempts` has them all, in the order of their ids, from `first` to `last`
-- (attempt_encode.go); segments may overlap. keys and ids are Bloom filters of what they can be found by (attempt_filter.go).
-- The indices have all that is asked of segments without looking inside; the second one of those worth joining (attempt_compact.go).
CREATE TABLE attempt_segments (
    segment  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first    TEXT COLLATE "C" NOT NULL,
    last     TEXT COLLATE "C" NOT NULL,
    newest   BIGINT NOT NULL,
    count    BIGINT NOT NULL,
    bytes    BIGINT NOT NULL,
    keys     BYTEA NOT NULL,
    ids      BYTEA NOT NULL,
    attempts BYTEA NOT NULL
);

CREATE UNIQUE INDEX attempt_segments_order ON attempt_segments (last) INCLUDE (first, newest, count, bytes);

CREATE INDEX attempt_segments_small ON attempt_segments (last) INCLUDE (first, newest, count, bytes) WHERE count < 256 AND bytes < 131072;

-- What became known of an attempt after it was stored; NULL: nothing.
CREATE TABLE attempt_notes (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    feedback    TEXT,
    feedback_at BIGINT,
    code        INTEGER,
    reason      BYTEA
);
