//! What a policy makes of an event.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{
    Timestamp,
    log::{DecodeError, Recorded},
};

use super::{Policy, Wanted};
use crate::ports::jobs::NewJob;

/// Why a policy makes nothing of an event that it follows.
pub(super) enum Obstacle {
    /// A newer node wrote it, and reads it.
    Newer(DecodeError),
    /// It is not what was written, or the policy broke off at it: why, without data.
    Damaged(String),
}

/// The jobs of an event; none of one that the policy does not follow.
pub(super) fn judged(policy: &dyn Policy, recorded: &Recorded, now: Timestamp) -> Result<Vec<NewJob>, Obstacle> {
    if !policy.follows(&recorded.aggregate_type, &recorded.event_type) {
        return Ok(vec![]);
    }
    let event = recorded.event().map_err(|error| match error {
        DecodeError::UnknownVersion { .. } => Obstacle::Newer(error),
        DecodeError::Malformed { .. } => Obstacle::Damaged(error.to_string()),
    })?;
    let wanted = catch_unwind(AssertUnwindSafe(|| policy.jobs(&event, recorded)));
    let wanted = wanted.map_err(|_| Obstacle::Damaged("the policy broke off at it".to_owned()))?;
    let numbered = wanted.into_iter().enumerate();
    let jobs = numbered.map(|(number, wanted)| job(policy, recorded, number, wanted, now));
    Ok(jobs.collect())
}

fn job(policy: &dyn Policy, recorded: &Recorded, number: usize, wanted: Wanted, now: Timestamp) -> NewJob {
    let run_at = wanted.run_at.unwrap_or(now);
    NewJob {
        tenant: Some(recorded.tenant_id),
        payload: wanted.payload,
        ..NewJob::of_event(policy.name(), recorded.event_id, number, wanted.kind, run_at)
    }
}
