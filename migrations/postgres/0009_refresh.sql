-- When each credential is renewed, and in whose hands it is. A row is there exactly as long as the sealed credential is: whatever
-- commit, move or repair writes or deletes that one. Times are microseconds since 1970; leases are counted by this database's clock.
CREATE TABLE refresh (
    tenant_id    text   NOT NULL,
    owner        text   NOT NULL, -- grant and generation, as the vault's row has it
    due_at       bigint DEFAULT 0, -- 0: nobody has looked at it yet; none: there is nothing to do
    not_before   bigint NOT NULL DEFAULT 0, -- the provider is left alone until then
    created_at   bigint NOT NULL,
    expires_at   bigint,
    used_at      bigint,
    refreshed_at bigint,
    failing_since bigint,
    problem      text,
    attempts     bigint NOT NULL DEFAULT 0,
    asked_at     bigint,           -- the provider was asked, and nobody has written down yet what it said
    unanswered   bigint NOT NULL DEFAULT 0, -- the provider may have renewed it, and its answer was lost
    app          text,            -- the client id that it was given to, once it was renewed or lost
    lost         text,            -- why it is worth nothing any more
    lost_at      bigint,
    lease_until  bigint NOT NULL DEFAULT 0,
    fence        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, owner)
);
CREATE INDEX refresh_due ON refresh (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX refresh_lost ON refresh (app, lost_at) WHERE lost IS NOT NULL;
CREATE INDEX refresh_failing ON refresh (problem) WHERE problem IS NOT NULL;

INSERT INTO refresh (tenant_id, owner, created_at) SELECT tenant_id, owner, created_at FROM vault WHERE kind = 'credential';

CREATE FUNCTION refresh_follows_vault() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO refresh (tenant_id, owner, created_at) VALUES (NEW.tenant_id, NEW.owner, NEW.created_at)
        ON CONFLICT (tenant_id, owner) DO UPDATE SET due_at = 0, not_before = 0;
    ELSE
        DELETE FROM refresh WHERE tenant_id = OLD.tenant_id AND owner = OLD.owner;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refresh_added AFTER INSERT ON vault FOR EACH ROW WHEN (NEW.kind = 'credential')
    EXECUTE FUNCTION refresh_follows_vault();
CREATE TRIGGER refresh_dropped AFTER DELETE ON vault FOR EACH ROW WHEN (OLD.kind = 'credential')
    EXECUTE FUNCTION refresh_follows_vault();

-- Who read a connection's credentials, and what for: the first time of a day is an event, every time counts here.
CREATE TABLE credential_read (
    tenant_id   text   NOT NULL,
    integration text   NOT NULL,
    day         text   NOT NULL,
    reader      text   NOT NULL,
    purpose     text   NOT NULL,
    reads       bigint NOT NULL,
    first_at    bigint NOT NULL,
    last_at     bigint NOT NULL,
    PRIMARY KEY (tenant_id, integration, day, reader, purpose)
);
