//! Jobs in memory. Leases end when a story says so. The real tables are held to their promises by their own suite.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{Timestamp, ids::JobId, log::Position};
use tokio::sync::{Mutex, watch};

use crate::ports::{
    StoreError,
    jobs::{Advanced, Claim, Ending, Job, JobFigures, JobFilter, JobState, Jobs, NewJob, ParkedEvent, Stride, Taken},
};

#[derive(Default)]
pub(in crate::stories) struct Rows {
    pub(super) state: Mutex<State>,
    added: watch::Sender<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) policies: BTreeMap<String, Position>,
    pub(super) jobs: BTreeMap<JobId, (Job, i64)>,
    pub(super) parked: Vec<ParkedEvent>,
}

impl State {
    fn add(&mut self, new: &NewJob, now: Timestamp) {
        self.jobs.entry(new.id).or_insert_with(|| (queued(new, now), 0));
    }

    fn held(&mut self, claim: Claim) -> Option<&mut Job> {
        let (job, fence) = self.jobs.get_mut(&claim.job)?;
        (job.state == JobState::Running && *fence == claim.fence).then_some(job)
    }
}

fn queued(new: &NewJob, now: Timestamp) -> Job {
    Job {
        id: new.id,
        kind: new.kind.to_owned(),
        tenant: new.tenant,
        cause: new.cause,
        payload: new.payload.clone(),
        created_at: now,
        run_at: new.run_at,
        attempt: 0,
        state: JobState::Queued,
        progress: None,
        reason: None,
        result: None,
        ended_at: None,
    }
}

fn is_due(job: &Job, now: Timestamp) -> bool {
    job.state == JobState::Queued && job.run_at <= now
}

#[async_trait]
impl Jobs for Rows {
    async fn checkpoint(&self, policy: &str, head: Position) -> Result<Position, StoreError> {
        let policies = &mut self.state.lock().await.policies;
        Ok(*policies.entry(policy.to_owned()).or_insert(head))
    }

    async fn advance(&self, policy: &str, stride: Stride<'_>, now: Timestamp) -> Result<Advanced, StoreError> {
        let mut state = self.state.lock().await;
        if state.policies.get(policy) != Some(&stride.from) {
            return Ok(Advanced::Lost);
        }
        state.policies.insert(policy.to_owned(), stride.to);
        for job in stride.jobs {
            state.add(job, now);
        }
        state.parked.extend(stride.unread.iter().map(|unread| ParkedEvent {
            policy: policy.to_owned(),
            event: unread.clone(),
            parked_at: now,
        }));
        Ok(Advanced::Done)
    }

    async fn parked(&self, _: Option<&ParkedEvent>, _: u32) -> Result<Vec<ParkedEvent>, StoreError> {
        Ok(self.state.lock().await.parked.clone())
    }

    async fn unpark(
        &self,
        policy: &str,
        position: Position,
        jobs: &[NewJob],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.state.lock().await;
        let before = state.parked.len();
        state
            .parked
            .retain(|parked| (parked.policy.as_str(), parked.event.position) != (policy, position));
        let was_parked = state.parked.len() < before;
        for job in jobs.iter().filter(|_| was_parked) {
            state.add(job, now);
        }
        Ok(was_parked)
    }

    async fn add(&self, jobs: &[NewJob], now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        for job in jobs {
            state.add(job, now);
        }
        self.added.send_replace(());
        Ok(())
    }

    async fn schedule(&self, job: &NewJob, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state.lock().await;
        if let Some((known, _)) = state.jobs.get(&job.id)
            && known.state == JobState::Running
        {
            return Ok(false);
        }
        state.jobs.insert(job.id, (queued(job, now), 0));
        Ok(true)
    }

    fn added(&self) -> watch::Receiver<()> {
        self.added.subscribe()
    }

    async fn waiting(&self, kinds: &[&'static str], now: Timestamp) -> Result<Vec<String>, StoreError> {
        let state = self.state.lock().await;
        let mut due: Vec<_> = state.jobs.values().filter(|(job, _)| is_due(job, now)).collect();
        due.dedup_by_key(|(job, _)| &job.kind);
        let due = due.into_iter().map(|(job, _)| job.kind.clone());
        Ok(due.filter(|kind| kinds.contains(&kind.as_str())).collect())
    }

    async fn take(&self, kind: &str, most: usize, _: Duration, now: Timestamp) -> Result<Vec<Taken>, StoreError> {
        let mut state = self.state.lock().await;
        let due = state
            .jobs
            .values_mut()
            .filter(|(job, _)| job.kind == kind && is_due(job, now));
        let taken = due.take(most).map(|(job, fence)| {
            job.state = JobState::Running;
            job.attempt += 1;
            *fence += 1;
            let claim = Claim {
                job: job.id,
                fence: *fence,
            };
            Taken {
                job: job.clone(),
                claim,
            }
        });
        Ok(taken.collect())
    }

    async fn renew(&self, claim: Claim, _: Duration) -> Result<bool, StoreError> {
        Ok(self.state.lock().await.held(claim).is_some())
    }

    async fn note(&self, claim: Claim, progress: &str) -> Result<bool, StoreError> {
        let mut state = self.state.lock().await;
        let held = state.held(claim);
        Ok(held.map(|job| job.progress = Some(progress.to_owned())).is_some())
    }

    async fn end(&self, claim: Claim, ending: &Ending) -> Result<bool, StoreError> {
        let mut state = self.state.lock().await;
        let Some(job) = state.held(claim) else {
            return Ok(false);
        };
        match ending.clone() {
            Ending::Done { result, at } => {
                (job.state, job.result, job.ended_at) = (JobState::Done, Some(result), Some(at));
            }
            Ending::Again { result, at } => {
                (job.state, job.result, job.run_at, job.attempt) = (JobState::Queued, Some(result), at, 0);
            }
            Ending::Later { reason, at } => {
                (job.state, job.reason, job.run_at) = (JobState::Queued, Some(reason), at);
            }
            Ending::Dead { reason, at } => {
                (job.state, job.reason, job.ended_at) = (JobState::Dead, Some(reason), Some(at));
            }
            Ending::Released => (job.state, job.attempt) = (JobState::Queued, job.attempt - 1),
        }
        Ok(true)
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.state.lock().await.jobs.get(&id).map(|(job, _)| job.clone()))
    }

    async fn list(&self, _: &JobFilter, _: u32) -> Result<Vec<Job>, StoreError> {
        let state = self.state.lock().await;
        Ok(state.jobs.values().map(|(job, _)| job.clone()).collect())
    }

    async fn retry(&self, _: JobId, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("no story retries by hand")
    }

    async fn delete(&self, _: JobId) -> Result<bool, StoreError> {
        unreachable!("no story deletes a job")
    }

    async fn figures(&self, _: Timestamp) -> Result<JobFigures, StoreError> {
        unreachable!("no story counts jobs")
    }

    async fn forget_some(&self, _: Timestamp, _: u32) -> Result<u32, StoreError> {
        unreachable!("no story keeps house")
    }
}
