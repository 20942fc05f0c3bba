-- +goose Up

-- Whom our users know (internal/state/known): what the owner did, and what he says of the peer.
CREATE TABLE known_peers (
    owner      TEXT    NOT NULL,
    peer       TEXT    NOT NULL,
    called     INTEGER NOT NULL,
    answered   INTEGER NOT NULL,
    messaged   INTEGER NOT NULL,
    call_backs INTEGER NOT NULL,
    talked     INTEGER NOT NULL,
    imported   INTEGER NOT NULL,
    ham        DOUBLE PRECISION NOT NULL,
    spam       DOUBLE PRECISION NOT NULL,
    first      BIGINT  NOT NULL,
    last       BIGINT  NOT NULL,
    PRIMARY KEY (owner, peer)
);

CREATE INDEX known_peers_last ON known_peers (last);

-- What became of callers (internal/state/reputation): the evidence as it was at `updated`, the callees as a set of 64 bits.
CREATE TABLE reputations (
    kind       INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    good       DOUBLE PRECISION NOT NULL,
    bad        DOUBLE PRECISION NOT NULL,
    updated    BIGINT  NOT NULL,
    reached    BIGINT  NOT NULL,
    callees    BIGINT  NOT NULL,
    complaints DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE INDEX reputations_updated ON reputations (updated);
