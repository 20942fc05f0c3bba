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

CREATE TABLE list_entries (
    list    TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    kind    INTEGER NOT NULL,
    note    TEXT    NOT NULL,
    added   BIGINT  NOT NULL,
    expires BIGINT  NOT NULL,
    PRIMARY KEY (list, value)
);

CREATE TABLE bans (
    source   TEXT   NOT NULL PRIMARY KEY,
    reason   TEXT   NOT NULL,
    evidence TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL
);

CREATE TABLE users (
    aor      TEXT   NOT NULL PRIMARY KEY,
    ha1      TEXT   NOT NULL,
    ha1_full TEXT   NOT NULL,
    created  BIGINT NOT NULL
);

CREATE TABLE bindings (
    aor        TEXT    NOT NULL,
    contact    TEXT    NOT NULL,
    call_id    TEXT    NOT NULL,
    cseq       BIGINT  NOT NULL,
    expires    BIGINT  NOT NULL,
    path       TEXT    NOT NULL,
    received   TEXT    NOT NULL,
    q          INTEGER NOT NULL,
    instance   TEXT    NOT NULL,
    reg_id     BIGINT  NOT NULL,
    user_agent TEXT    NOT NULL,
    PRIMARY KEY (aor, contact)
);

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

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

-- Who always proves to be who it says (internal/state/proof): counts with and without proof as they were at `updated`, and the ways on which
-- they came, as JSON.
CREATE TABLE proofs (
    kind        INTEGER NOT NULL,
    method      INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    proven      REAL    NOT NULL,
    missing     REAL    NOT NULL,
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

-- What is learned (internal/state/tokens, internal/state/campaign): states under a name, cut into parts, each with its own checksum inside.
CREATE TABLE states (
    name TEXT    NOT NULL,
    part INTEGER NOT NULL,
    data BLOB    NOT NULL,
    PRIMARY KEY (name, part)
);

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
    ham        REAL    NOT NULL,
    spam       REAL    NOT NULL,
    first      BIGINT  NOT NULL,
    last       BIGINT  NOT NULL,
    PRIMARY KEY (owner, peer)
);

CREATE INDEX known_peers_last ON known_peers (last);

-- What became of callers (internal/state/reputation): the evidence as it was at `updated`, the callees as a set of 64 bits.
CREATE TABLE reputations (
    kind       INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    good       REAL    NOT NULL,
    bad        REAL    NOT NULL,
    updated    BIGINT  NOT NULL,
    reached    BIGINT  NOT NULL,
    callees    BIGINT  NOT NULL,
    complaints REAL    NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE INDEX reputations_updated ON reputations (updated);
