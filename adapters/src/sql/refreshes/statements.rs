//! What is said to the database about renewing credentials. Where the two differ, it is about their clocks, which count leases.
//! A time that is not there is written as -1: a missing parameter has no number's type.

use crate::sql::dialects::{Dialects, clock};

/// Tenant, owner, now, and the lease in microseconds. What a holder left without a word may have been heard by the provider.
pub(super) const TAKE: Dialects = Dialects {
    postgres: concat!(
        "UPDATE refresh SET fence = fence + 1, asked_at = $3,
            unanswered = CASE WHEN asked_at IS NULL THEN unanswered ELSE 1 END, lease_until = $4 + ",
        clock!(postgres),
        " WHERE tenant_id = $1 AND owner = $2 AND not_before <= $3 AND lease_until <= ",
        clock!(postgres),
        " RETURNING fence, unanswered, due_at, created_at, used_at, attempts"
    ),
    sqlite: concat!(
        "UPDATE refresh SET fence = fence + 1, asked_at = $3,
            unanswered = CASE WHEN asked_at IS NULL THEN unanswered ELSE 1 END, lease_until = $4 + ",
        clock!(sqlite),
        " WHERE tenant_id = $1 AND owner = $2 AND not_before <= $3 AND lease_until <= ",
        clock!(sqlite),
        " RETURNING fence, unanswered, due_at, created_at, used_at, attempts"
    ),
};
pub(super) const WHY_NOT: &str = "SELECT not_before, problem FROM refresh WHERE tenant_id = $1 AND owner = $2";

/// Tenant, owner, fence, and the lease in microseconds.
pub(super) const KEEP: Dialects = Dialects {
    postgres: concat!(
        "UPDATE refresh SET lease_until = $4 + ",
        clock!(postgres),
        " WHERE tenant_id = $1 AND owner = $2 AND fence = $3"
    ),
    sqlite: concat!(
        "UPDATE refresh SET lease_until = $4 + ",
        clock!(sqlite),
        " WHERE tenant_id = $1 AND owner = $2 AND fence = $3"
    ),
};

/// What a holder says stands only while it is in its hands: each begins with tenant, owner and fence.
macro_rules! held {
    ($set:literal) => {
        concat!(
            "UPDATE refresh SET asked_at = NULL, lease_until = 0, ",
            $set,
            " WHERE tenant_id = $1 AND owner = $2 AND fence = $3"
        )
    };
}

pub(super) const SEAL: &str =
    "UPDATE vault SET sealed = $3 WHERE tenant_id = $1 AND kind = 'credential' AND owner = $2";
pub(super) const RENEWED: &str = held!(
    "due_at = NULLIF(CAST($4 AS bigint), -1), expires_at = NULLIF(CAST($5 AS bigint), -1), app = $6, refreshed_at = $7,
     not_before = 0, unanswered = 0, attempts = 0, failing_since = NULL, problem = NULL"
);
pub(super) const LEFT_ALONE: &str =
    held!("due_at = NULLIF(CAST($4 AS bigint), -1), expires_at = NULLIF(CAST($5 AS bigint), -1)");
/// What nobody had looked at before has been looked at now: from then on it is due.
pub(super) const PUT_OFF: &str = held!("put_off_until = $4, due_at = CASE due_at WHEN 0 THEN $4 ELSE due_at END");
pub(super) const FAILED: &str = held!(
    "due_at = $4, not_before = $5, problem = $6, failing_since = COALESCE(failing_since, $7), attempts = attempts + 1,
     unanswered = CASE WHEN $8 = 1 THEN 1 ELSE unanswered END"
);
pub(super) const LOST: &str =
    held!("due_at = NULL, lost = $4, app = $5, lost_at = $6, failing_since = NULL, problem = NULL");

/// Now, how many, and the share: of how many, and which. The last digit of a grant's id is anything, and says in which share it is.
/// What was put off goes behind what has become due meanwhile.
pub(super) const DUE: Dialects = Dialects {
    postgres: concat!(
        "SELECT tenant_id, owner FROM refresh WHERE due_at <= $1 AND not_before <= $1 AND put_off_until <= $1
            AND lease_until <= ",
        clock!(postgres),
        " AND strpos('0123456789abcdef', substr(owner, 36, 1)) % $3 = $4
            ORDER BY GREATEST(due_at, put_off_until) LIMIT $2"
    ),
    sqlite: concat!(
        "SELECT tenant_id, owner FROM refresh WHERE due_at <= $1 AND not_before <= $1 AND put_off_until <= $1
            AND lease_until <= ",
        clock!(sqlite),
        " AND instr('0123456789abcdef', substr(owner, 36, 1)) % $3 = $4
            ORDER BY max(due_at, put_off_until) LIMIT $2"
    ),
};

/// Now, and ten minutes before.
pub(super) const FIGURES: &str = "SELECT
    (SELECT count(*) FROM refresh WHERE due_at <= $1),
    (SELECT count(*) FROM refresh WHERE due_at <= $2 AND due_at > 0)";
pub(super) const FAILING: &str =
    "SELECT problem, count(*) FROM refresh WHERE problem IS NOT NULL GROUP BY problem ORDER BY problem";
pub(super) const LOST_BY_REASON: &str =
    "SELECT lost, count(*) FROM refresh WHERE lost IS NOT NULL GROUP BY lost ORDER BY lost";
/// A client id, and two ages.
pub(super) const LIFETIMES: &str = "SELECT
    (SELECT count(*) FROM refresh WHERE lost IS NOT NULL AND app = $1 AND lost_at - created_at BETWEEN $2 AND $3),
    (SELECT count(*) FROM refresh WHERE app = $1 AND refreshed_at - created_at > $3)";

/// Tenant, integration, day, reader, purpose, now.
pub(super) const COUNT_READ: &str =
    "INSERT INTO credential_read (tenant_id, integration, day, reader, purpose, reads, first_at, last_at)
    VALUES ($1, $2, $3, $4, $5, 1, $6, $6)
    ON CONFLICT (tenant_id, integration, day, reader, purpose) DO UPDATE
    SET reads = credential_read.reads + 1, last_at = excluded.last_at";
/// Tenant, owner, now, and the moment before which the last note is old.
pub(super) const USED: &str = "UPDATE refresh SET used_at = $3
    WHERE tenant_id = $1 AND owner = $2 AND COALESCE(used_at, 0) < $4";
pub(super) const FORGET_READS: &str = "DELETE FROM credential_read WHERE day < $1";
/// Tenant, integration, the moment of the place, how many, and how many rows of that moment were passed.
pub(super) const READS: &str = "SELECT day, reader, purpose, reads, first_at, last_at FROM credential_read
    WHERE tenant_id = $1 AND integration = $2 AND first_at <= $3
    ORDER BY first_at DESC, reader, purpose LIMIT $4 OFFSET $5";
