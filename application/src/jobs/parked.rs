//! Events that policies went on without are shown to them once more.

use super::{
    Duties,
    judged::{Obstacle, judged},
};
use crate::{
    app::App,
    ports::{
        StoreError,
        jobs::{NewJob, ParkedEvent},
    },
};

/// So many are looked at together.
const PAGE: u32 = 200;

/// What came of showing them again.
#[derive(Debug, Default)]
pub struct Shown {
    /// So many were read.
    pub read: usize,
    /// So many jobs were made of them.
    pub jobs: usize,
    /// Those that cannot be read now either.
    pub left: Vec<ParkedEvent>,
}

/// Every event that a policy went on without.
///
/// # Errors
/// When the store fails.
pub async fn parked(app: &App) -> Result<Vec<ParkedEvent>, StoreError> {
    let mut all: Vec<ParkedEvent> = vec![];
    loop {
        let page = app.jobs.parked(all.last(), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// Shows policies what they could not read before, once its cause is mended. What they make of it is written with the end of its
/// parking, so that an event makes its jobs once, whoever shows it how often.
///
/// # Errors
/// When the store fails. What was read before that stands.
pub async fn show_parked(app: &App, duties: &Duties) -> Result<Shown, StoreError> {
    let mut shown = Shown::default();
    for parked in parked(app).await? {
        match again(app, duties, &parked).await? {
            Ok(jobs) => {
                let (position, now) = (parked.event.position, app.clock.now());
                if app.jobs.unpark(&parked.policy, position, &jobs, now).await? {
                    shown.read += 1;
                    shown.jobs += jobs.len();
                }
            }
            Err(reason) => {
                let mut left = parked;
                left.event.reason = reason;
                shown.left.push(left);
            }
        }
    }
    Ok(shown)
}

async fn again(app: &App, duties: &Duties, parked: &ParkedEvent) -> Result<Result<Vec<NewJob>, String>, StoreError> {
    let mut policies = duties.policies().iter();
    let Some(policy) = policies.find(|policy| policy.policy.name() == parked.policy) else {
        return Ok(Err("this version has no such policy".to_owned()));
    };
    let found = app.log.at(&[parked.event.position]).await?;
    let Some(recorded) = found.first() else {
        return Ok(Err("there is no such event".to_owned()));
    };
    let judged = judged(policy.policy.as_ref(), recorded, app.clock.now());
    Ok(judged.map_err(|obstacle| match obstacle {
        Obstacle::Newer(error) => error.to_string(),
        Obstacle::Damaged(reason) => reason,
    }))
}
