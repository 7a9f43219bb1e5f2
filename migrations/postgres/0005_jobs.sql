-- What is to be done by itself, and how far each policy has read the log. A policy's checkpoint moves in the transaction that
-- writes its jobs.
CREATE TABLE policy (
    name     text   NOT NULL PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE job (
    id          text   NOT NULL PRIMARY KEY, -- derived from event, policy and number: written once
    kind        text   NOT NULL,
    tenant_id   text,
    cause       text,            -- the event that it follows from
    payload     text   NOT NULL, -- a flat map of ids, as JSON
    created_at  bigint NOT NULL,
    run_at      bigint NOT NULL,
    attempt     bigint NOT NULL DEFAULT 0,
    state       text   NOT NULL DEFAULT 'queued',
    lease_until bigint NOT NULL DEFAULT 0, -- by this database's clock
    fence       bigint NOT NULL DEFAULT 0,
    progress    text,
    reason      text,
    result      text,
    ended_at    bigint
);
CREATE INDEX job_queued ON job (kind, run_at) WHERE state = 'queued';
CREATE INDEX job_running ON job (kind, lease_until) WHERE state = 'running';
CREATE INDEX job_dead ON job (created_at, id) WHERE state = 'dead';
CREATE INDEX job_done ON job (ended_at) WHERE state = 'done';
CREATE INDEX job_newest ON job (created_at, id);
CREATE INDEX job_of_tenant ON job (tenant_id, created_at, id);

-- What is looked for by time: attempts that nobody finished, old ones, and what providers gave to those that are over.
CREATE INDEX attempts_unfinished ON attempts (started_at) WHERE stage IN ('started', 'returned', 'claimed', 'authorized');
CREATE INDEX attempts_by_age ON attempts (started_at);
CREATE INDEX vault_pending ON vault (owner) WHERE kind = 'pending_credential';
