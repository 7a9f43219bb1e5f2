-- Events that a policy could not read: it goes on without them, until somebody lets it see them again.
CREATE TABLE parked_event (
    policy    text   NOT NULL,
    position  bigint NOT NULL,
    reason    text   NOT NULL,
    parked_at bigint NOT NULL,
    PRIMARY KEY (policy, position)
);

-- Stored answers go when they are old.
CREATE INDEX receipts_by_age ON receipts (created_at);

-- What was tried and is to be tried again, however much waits for its first time.
CREATE INDEX job_tried ON job (kind, created_at) WHERE state = 'queued' AND attempt > 0;
