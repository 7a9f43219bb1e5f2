-- The one log of an installation: a superset of the columns that postgres-es knows, in the order of commits.
DO $$
BEGIN
    -- Hashes are over UTF-8 bytes; octet_length of a text counts those only where the database keeps UTF-8.
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database must be encoded in UTF8';
    END IF;
END
$$;

CREATE TABLE events (
    position         bigint NOT NULL PRIMARY KEY CHECK (position > 0),
    event_id         uuid   NOT NULL UNIQUE,
    tenant_id        uuid   NOT NULL,
    aggregate_type   text   COLLATE "C" NOT NULL, -- compared as bytes, whatever the database's language is
    aggregate_id     text   COLLATE "C" NOT NULL,
    sequence         bigint NOT NULL CHECK (sequence > 0),
    event_type       text   NOT NULL,
    event_version    text   NOT NULL,
    payload          json   NOT NULL, -- json keeps the exact bytes that were hashed; jsonb would not
    metadata         json   NOT NULL,
    recorded_at      bigint NOT NULL, -- microseconds since 1970
    personal_subject text,
    personal         bytea,
    personal_hash    bytea CHECK (octet_length(personal_hash) = 32),
    hash             bytea  NOT NULL CHECK (octet_length(hash) = 32),
    UNIQUE (aggregate_type, aggregate_id, sequence),
    CHECK (num_nonnulls(personal_subject, personal, personal_hash) IN (0, 3))
);

CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are immutable' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER events_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();
-- Also for sessions that play a replica, whose ordinary triggers rest.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_immutable;

-- The same layout as adapters::sql::event_hash; docs/log-format.md says it in words, tests/golden/log holds vectors.
-- Each field: its length in 4 bytes, then its bytes; a number is a field of 8 bytes. Not marked immutable, because
-- convert_to is not: a function that promises more than its parts cannot be inlined.
CREATE FUNCTION event_hash(
    tenant_id uuid, event_id uuid, aggregate_type text, aggregate_id text, sequence bigint, event_type text,
    event_version text, recorded_at bigint, payload text, metadata text, personal_hash bytea
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(
        '\x000000080000000000000001'::bytea -- the layout's version, 1
        || '\x00000010'::bytea || uuid_send(tenant_id)
        || '\x00000010'::bytea || uuid_send(event_id)
        || int4send(octet_length(aggregate_type)) || convert_to(aggregate_type, 'UTF8')
        || int4send(octet_length(aggregate_id)) || convert_to(aggregate_id, 'UTF8')
        || '\x00000008'::bytea || int8send(sequence)
        || int4send(octet_length(event_type)) || convert_to(event_type, 'UTF8')
        || int4send(octet_length(event_version)) || convert_to(event_version, 'UTF8')
        || '\x00000008'::bytea || int8send(recorded_at)
        || int4send(octet_length(payload)) || convert_to(payload, 'UTF8')
        || int4send(octet_length(metadata)) || convert_to(metadata, 'UTF8')
        || int4send(coalesce(octet_length(personal_hash), 0)) || coalesce(personal_hash, '\x'::bytea)
    )
$$;
