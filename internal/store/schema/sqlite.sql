-- One row per attempt. The keys are history.Key of the proven and the claimed caller, of the user and of what was requested;
-- the second of each pair is empty where it equals the first. body is the rest of the verdict (attempt_body.go).
CREATE TABLE attempts (
    id            TEXT    NOT NULL PRIMARY KEY,
    at            BIGINT  NOT NULL,
    kind          INTEGER NOT NULL,
    action        INTEGER NOT NULL,
    from_key      TEXT    NOT NULL,
    claimed_key   TEXT    NOT NULL,
    to_key        TEXT    NOT NULL,
    requested_key TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    feedback      TEXT    NOT NULL DEFAULT '',
    feedback_at   BIGINT  NOT NULL DEFAULT 0
);

-- One row per run of about a thousand attempts, from the id `first` up to the next row's: how many, how large, and a Bloom
-- filter of their keys (attempt_block.go).
CREATE TABLE attempt_blocks (
    first  TEXT   NOT NULL PRIMARY KEY,
    count  BIGINT NOT NULL,
    bytes  BIGINT NOT NULL,
    filter BLOB
);

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
