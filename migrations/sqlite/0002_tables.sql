-- Rows beside the log. Ids and names are text, times are microseconds since 1970: both databases share their statements.

-- Sealed records: never readable without the keyring.
CREATE TABLE vault (
    tenant_id   text    NOT NULL,
    kind        text    NOT NULL,
    owner       text    NOT NULL,
    sealed      blob    NOT NULL,
    account_key blob,
    created_at  integer NOT NULL,
    PRIMARY KEY (tenant_id, kind, owner)
) STRICT;
CREATE INDEX vault_of_account ON vault (account_key) WHERE account_key IS NOT NULL;

-- The stored answers of idempotent calls.
CREATE TABLE receipts (
    tenant_id  text    NOT NULL,
    route      text    NOT NULL,
    key        text    NOT NULL,
    body_hash  blob    NOT NULL,
    answer     blob    NOT NULL,
    created_at integer NOT NULL,
    PRIMARY KEY (tenant_id, route, key)
) STRICT;

-- Runs through the sign-in flow.
CREATE TABLE attempts (
    id              text    NOT NULL PRIMARY KEY,
    link_id         text    NOT NULL,
    tenant_id       text    NOT NULL,
    agency_id       text    NOT NULL,
    host            text    NOT NULL,
    browser_hash    blob    NOT NULL,
    state_hash      blob    NOT NULL UNIQUE,
    nonce           text    NOT NULL,
    provider        text    NOT NULL,
    app_owner       text    NOT NULL,
    app_client_id   text    NOT NULL,
    issuer          text    NOT NULL,
    redirect_uri    text    NOT NULL,
    started_at      integer NOT NULL,
    stage           text    NOT NULL,
    sealed_verifier blob,
    hand_off_hash   blob UNIQUE,
    sealed_answer   blob,
    handed_off_at   integer
) STRICT;
CREATE INDEX attempts_of_link ON attempts (link_id, browser_hash, started_at);

-- Logos, named by their SHA-256.
CREATE TABLE images (
    hash       text NOT NULL PRIMARY KEY,
    media_type text NOT NULL,
    bytes      blob NOT NULL
) STRICT;
