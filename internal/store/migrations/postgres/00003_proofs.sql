-- +goose Up

-- Who always proves to be who it says (internal/state/proof): counts with and without proof as they were at `updated`, and the ways on which
-- they came, as JSON.
CREATE TABLE proofs (
    kind        INTEGER NOT NULL,
    method      INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    proven      DOUBLE PRECISION NOT NULL,
    missing     DOUBLE PRECISION NOT NULL,
    updated     BIGINT  NOT NULL,
    first       BIGINT  NOT NULL,
    last        BIGINT  NOT NULL,
    numbers     BIGINT  NOT NULL,
    established INTEGER NOT NULL,
    signer      TEXT    NOT NULL,
    repository  TEXT    NOT NULL,
    paths       TEXT    NOT NULL,
    PRIMARY KEY (kind, method, name)
);

-- The policies that domains have published (_sip-identity TXT records), until when they are remembered.
CREATE TABLE identity_policies (
    domain TEXT   NOT NULL PRIMARY KEY,
    record TEXT   NOT NULL,
    seen   BIGINT NOT NULL,
    until  BIGINT NOT NULL
);
