//! What is said to the database about jobs. Where the two differ, it is about lists and about their clocks, which count leases.

use crate::sql::dialects::{Dialects, clock};

/// The columns of [`super::rows::job`], in its order.
macro_rules! columns {
    () => {
        "id, kind, tenant_id, cause, payload, created_at, run_at, attempt, state, progress, reason, result, ended_at"
    };
}

pub(super) const BEGIN_POLICY: &str =
    "INSERT INTO policy (name, position) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
pub(super) const CHECKPOINT: &str = "SELECT position FROM policy WHERE name = $1";
pub(super) const ADVANCE: &str = "UPDATE policy SET position = $3 WHERE name = $1 AND position = $2";

/// A policy, a position, why, and when.
pub(super) const PARK: &str = "INSERT INTO parked_event (policy, position, reason, parked_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (policy, position) DO NOTHING";
pub(super) const UNPARK: &str = "DELETE FROM parked_event WHERE policy = $1 AND position = $2";
/// Behind a policy and a position, how many.
pub(super) const PARKED: &str = "SELECT policy, position, reason, parked_at FROM parked_event
    WHERE (policy, position) > ($1, $2) ORDER BY policy, position LIMIT $3";

macro_rules! insert {
    (postgres, $conflict:literal) => {
        concat!(
            "INSERT INTO job (id, kind, tenant_id, cause, payload, run_at, created_at) ",
            "SELECT j ->> 'id', j ->> 'kind', j ->> 'tenant', j ->> 'cause', j ->> 'payload', (j ->> 'run_at')::bigint, $2 ",
            "FROM json_array_elements($1::json) AS j ",
            $conflict
        )
    };
    // WHERE true: else ON CONFLICT would be read as a join's condition.
    (sqlite, $conflict:literal) => {
        concat!(
            "INSERT INTO job (id, kind, tenant_id, cause, payload, run_at, created_at) ",
            "SELECT value ->> 'id', value ->> 'kind', value ->> 'tenant', value ->> 'cause', value ->> 'payload', ",
            "value ->> 'run_at', $2 FROM json_each($1) WHERE true ",
            $conflict
        )
    };
}

/// A list of jobs, and now.
pub(super) const ADD: Dialects = Dialects {
    postgres: insert!(postgres, "ON CONFLICT (id) DO NOTHING"),
    sqlite: insert!(sqlite, "ON CONFLICT (id) DO NOTHING"),
};
pub(super) const SCHEDULE: Dialects = Dialects {
    postgres: insert!(
        postgres,
        "ON CONFLICT (id) DO UPDATE SET run_at = excluded.run_at, payload = excluded.payload, state = 'queued',
            attempt = 0, reason = NULL, ended_at = NULL WHERE job.state <> 'running'"
    ),
    sqlite: insert!(
        sqlite,
        "ON CONFLICT (id) DO UPDATE SET run_at = excluded.run_at, payload = excluded.payload, state = 'queued',
            attempt = 0, reason = NULL, ended_at = NULL WHERE job.state <> 'running'"
    ),
};

/// Kinds, and now.
pub(super) const WAITING: Dialects = Dialects {
    postgres: concat!(
        "SELECT k.kind FROM json_array_elements_text($1::json) AS k (kind)
         WHERE EXISTS (SELECT FROM job j WHERE j.kind = k.kind AND j.state = 'queued' AND j.run_at <= $2)
            OR EXISTS (SELECT FROM job j WHERE j.kind = k.kind AND j.state = 'running' AND j.lease_until <= ",
        clock!(postgres),
        ")"
    ),
    sqlite: concat!(
        "SELECT k.value FROM json_each($1) AS k
         WHERE EXISTS (SELECT 1 FROM job j WHERE j.kind = k.value AND j.state = 'queued' AND j.run_at <= $2)
            OR EXISTS (SELECT 1 FROM job j WHERE j.kind = k.value AND j.state = 'running' AND j.lease_until <= ",
        clock!(sqlite),
        ")"
    ),
};

/// Kind, now, how many, and the lease in microseconds. Those whose worker fell silent come first.
pub(super) const TAKE: Dialects = Dialects {
    postgres: concat!(
        "UPDATE job SET state = 'running', attempt = attempt + 1, fence = fence + 1, lease_until = $4 + ",
        clock!(postgres),
        " WHERE id IN (
            SELECT id FROM job
            WHERE kind = $1 AND ((state = 'queued' AND run_at <= $2) OR (state = 'running' AND lease_until <= ",
        clock!(postgres),
        ")) ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING fence, ",
        columns!()
    ),
    sqlite: concat!(
        "UPDATE job SET state = 'running', attempt = attempt + 1, fence = fence + 1, lease_until = $4 + ",
        clock!(sqlite),
        " WHERE id IN (
            SELECT id FROM job
            WHERE kind = $1 AND ((state = 'queued' AND run_at <= $2) OR (state = 'running' AND lease_until <= ",
        clock!(sqlite),
        ")) ORDER BY run_at LIMIT $3) RETURNING fence, ",
        columns!()
    ),
};

/// What a worker says stands only while the job is in its hands: each begins with job and fence.
macro_rules! held {
    ($set:expr) => {
        concat!(
            "UPDATE job SET ",
            $set,
            " WHERE id = $1 AND fence = $2 AND state = 'running'"
        )
    };
}

pub(super) const RENEW: Dialects = Dialects {
    postgres: held!(concat!("lease_until = $3 + ", clock!(postgres))),
    sqlite: held!(concat!("lease_until = $3 + ", clock!(sqlite))),
};
pub(super) const NOTE: &str = held!("progress = $3");
pub(super) const DONE: &str = held!("state = 'done', result = $3, ended_at = $4, reason = NULL");
pub(super) const AGAIN: &str = held!("state = 'queued', result = $3, run_at = $4, attempt = 0, reason = NULL");
pub(super) const LATER: &str = held!("state = 'queued', reason = $3, run_at = $4");
pub(super) const DEAD: &str = held!("state = 'dead', reason = $3, ended_at = $4");
pub(super) const RELEASED: &str = held!("state = 'queued', attempt = attempt - 1");

pub(super) const GET: &str = concat!("SELECT ", columns!(), " FROM job WHERE id = $1");

/// A state or nothing, and the moment and id before which they were written; how many.
pub(super) const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM job WHERE (created_at, id) < ($2, $3) AND ($1 = '' OR state = $1) ORDER BY created_at DESC, id DESC LIMIT $4"
);
/// The same of a tenant.
pub(super) const LIST_OF_TENANT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM job WHERE tenant_id = $5 AND (created_at, id) < ($2, $3) AND ($1 = '' OR state = $1)
      ORDER BY created_at DESC, id DESC LIMIT $4"
);

pub(super) const RETRY: &str = "UPDATE job SET state = 'queued', attempt = 0, run_at = $2, ended_at = NULL
    WHERE id = $1 AND state = 'dead'";
pub(super) const DELETE: &str = "DELETE FROM job WHERE id = $1 AND state = 'dead'";
// Each is counted in an index of its own: what was done does not slow it down.
pub(super) const FIGURES: &str = "SELECT
    (SELECT count(*) FROM job WHERE state = 'queued'),
    (SELECT count(*) FROM job WHERE state = 'running'),
    (SELECT count(*) FROM job WHERE state = 'dead'),
    (SELECT count(*) FROM parked_event),
    (SELECT min(run_at) FROM job WHERE state = 'queued' AND run_at <= $1)";
/// Kinds, now, and the kind that is made long before it is due, so that its age says nothing.
pub(super) const WAITING_OF: Dialects = Dialects {
    postgres: "SELECT count(*), min(since) FROM (
        SELECT run_at AS since FROM json_array_elements_text($1::json) AS k (kind) JOIN job j ON j.kind = k.kind
            WHERE j.state = 'queued' AND j.attempt = 0 AND j.run_at <= $2
        UNION ALL SELECT CASE WHEN j.kind = $3 THEN NULL ELSE j.created_at END
            FROM json_array_elements_text($1::json) AS k (kind) JOIN job j ON j.kind = k.kind
            WHERE j.state = 'queued' AND j.attempt > 0
        UNION ALL SELECT CASE WHEN j.kind = $3 THEN NULL ELSE j.created_at END
            FROM json_array_elements_text($1::json) AS k (kind) JOIN job j ON j.kind = k.kind
            WHERE j.state = 'running') AS waiting",
    sqlite: "SELECT count(*), min(since) FROM (
        SELECT run_at AS since FROM json_each($1) AS k JOIN job j ON j.kind = k.value
            WHERE j.state = 'queued' AND j.attempt = 0 AND j.run_at <= $2
        UNION ALL SELECT CASE WHEN j.kind = $3 THEN NULL ELSE j.created_at END FROM json_each($1) AS k
            JOIN job j ON j.kind = k.value WHERE j.state = 'queued' AND j.attempt > 0
        UNION ALL SELECT CASE WHEN j.kind = $3 THEN NULL ELSE j.created_at END FROM json_each($1) AS k
            JOIN job j ON j.kind = k.value WHERE j.state = 'running')",
};
pub(super) const FORGET: &str = "DELETE FROM job
    WHERE id IN (SELECT id FROM job WHERE state = 'done' AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";
