-- +goose Up

-- What was fetched for signatures, chains (kind 0) and CRLs (1), as it came: it is judged anew when it is loaded.
CREATE TABLE fetched (
    kind    INTEGER NOT NULL,
    url     TEXT    NOT NULL,
    body    BLOB    NOT NULL,
    fetched BIGINT  NOT NULL,
    fresh   BIGINT  NOT NULL,
    used    BIGINT  NOT NULL,
    strict  BOOLEAN NOT NULL,
    proven  BOOLEAN NOT NULL,
    pinned  BOOLEAN NOT NULL,
    PRIMARY KEY (kind, url)
);
