-- +goose Up

-- What is learned (internal/state/tokens, internal/state/campaign): states under a name, cut into parts, each with its own checksum inside.
CREATE TABLE states (
    name TEXT    NOT NULL,
    part INTEGER NOT NULL,
    data BYTEA   NOT NULL,
    PRIMARY KEY (name, part)
);
