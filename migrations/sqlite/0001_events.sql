-- The one log of an installation: a superset of the columns that sqlite-es knows, in the order of commits.
CREATE TABLE events (
    position         integer NOT NULL PRIMARY KEY CHECK (position > 0),
    event_id         blob    NOT NULL UNIQUE CHECK (length(event_id) = 16),
    tenant_id        blob    NOT NULL CHECK (length(tenant_id) = 16),
    aggregate_type   text    NOT NULL,
    aggregate_id     text    NOT NULL,
    sequence         integer NOT NULL CHECK (sequence > 0),
    event_type       text    NOT NULL,
    event_version    text    NOT NULL,
    payload          text    NOT NULL CHECK (json_valid(payload)), -- the exact bytes that were hashed
    metadata         text    NOT NULL CHECK (json_valid(metadata)),
    recorded_at      integer NOT NULL, -- microseconds since 1970
    personal_subject text,
    personal         blob,
    personal_hash    blob CHECK (length(personal_hash) = 32),
    hash             blob    NOT NULL CHECK (length(hash) = 32),
    UNIQUE (aggregate_type, aggregate_id, sequence),
    CHECK ((personal_subject IS NULL) = (personal IS NULL) AND (personal IS NULL) = (personal_hash IS NULL))
) STRICT;

CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are immutable');
END;

-- With recursive_triggers, which every connection of ours sets, this one also sees what INSERT OR REPLACE would delete.
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN
    SELECT RAISE(ABORT, 'events are immutable');
END;
