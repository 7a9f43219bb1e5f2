//! The tables of jobs and of the policies' checkpoints, beside the log.

mod rows;
mod statements;

use std::time::Duration;

use application::ports::{
    StoreError,
    jobs::{Advanced, Claim, Ending, Job, JobFigures, JobFilter, Jobs, NewJob, ParkedEvent, Stride, Taken, Waiting},
};
use async_trait::async_trait;
use domain::{Timestamp, ids::JobId, log::Position};
use tokio::sync::watch;

use self::{
    rows::{job, list, parked},
    statements as sql,
};
use super::{Pool, Value, broken, dialects::micros, log::signed, pool::Work};

/// The tables.
pub(super) struct JobRows {
    pool: Pool,
    added: watch::Sender<()>,
}

impl JobRows {
    pub(super) fn new(pool: Pool) -> Self {
        let added = watch::Sender::new(());
        Self { pool, added }
    }

    /// What of some kinds should have been done by now. One of them may be made long before it is due.
    pub(super) async fn waiting_of(
        &self,
        kinds: &[&str],
        made_before: &str,
        now: Timestamp,
    ) -> Result<Waiting, StoreError> {
        let values = vec![names(kinds)?, now.into(), made_before.into()];
        let row = self.pool.read_one(sql::WAITING_OF.of(&self.pool), values).await?;
        let mut row = row.ok_or_else(|| broken("jobs cannot be counted"))?;
        Ok(Waiting {
            count: row.count()?,
            since: row.optional_time()?,
        })
    }

    /// Ends what was begun with the jobs that belong to it, and wakes the workers.
    async fn commit_with(&self, mut work: Work, jobs: &[NewJob], now: Timestamp) -> Result<(), StoreError> {
        if !jobs.is_empty() {
            work.write(sql::ADD.of(&self.pool), vec![list(jobs)?, now.into()])
                .await?;
        }
        work.commit().await?;
        if !jobs.is_empty() {
            self.added.send_replace(());
        }
        Ok(())
    }

    async fn held(&self, sql: &'static str, claim: Claim, more: Vec<Value>) -> Result<bool, StoreError> {
        let hold = vec![claim.job.to_string().into(), claim.fence.into()];
        Ok(self.pool.write(sql, [hold, more].concat()).await? == 1)
    }
}

fn names(kinds: &[&str]) -> Result<Value, StoreError> {
    let kinds = serde_json::to_string(kinds).map_err(|_| broken("a list of kinds is no JSON"))?;
    Ok(kinds.into())
}

fn place(position: Position) -> Value {
    signed(position.0).into()
}

#[async_trait]
impl Jobs for JobRows {
    async fn checkpoint(&self, policy: &str, head: Position) -> Result<Position, StoreError> {
        let stored = async || self.pool.read_one(sql::CHECKPOINT, vec![policy.into()]).await;
        let mut row = stored().await?;
        if row.is_none() {
            self.pool
                .write(sql::BEGIN_POLICY, vec![policy.into(), place(head)])
                .await?;
            row = stored().await?;
        }
        let mut row = row.ok_or_else(|| broken("a policy's checkpoint is gone"))?;
        row.count().map(Position)
    }

    async fn advance(&self, policy: &str, stride: Stride<'_>, now: Timestamp) -> Result<Advanced, StoreError> {
        let mut work = self.pool.begin().await?;
        let values = vec![policy.into(), place(stride.from), place(stride.to)];
        if work.write(sql::ADVANCE, values).await? != 1 {
            return Ok(Advanced::Lost);
        }
        for unread in stride.unread {
            let values = vec![
                policy.into(),
                place(unread.position),
                unread.reason.as_str().into(),
                now.into(),
            ];
            work.write(sql::PARK, values).await?;
        }
        self.commit_with(work, stride.jobs, now).await?;
        Ok(Advanced::Done)
    }

    async fn parked(&self, behind: Option<&ParkedEvent>, at_most: u32) -> Result<Vec<ParkedEvent>, StoreError> {
        let behind = behind.map(|parked| (parked.policy.as_str(), parked.event.position));
        let (policy, position) = behind.unwrap_or_default();
        let values = vec![policy.into(), place(position), i64::from(at_most).into()];
        let rows = self.pool.read(sql::PARKED, values).await?;
        rows.into_iter().map(parked).collect()
    }

    async fn unpark(
        &self,
        policy: &str,
        position: Position,
        jobs: &[NewJob],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut work = self.pool.begin().await?;
        if work.write(sql::UNPARK, vec![policy.into(), place(position)]).await? != 1 {
            return Ok(false);
        }
        self.commit_with(work, jobs, now).await?;
        Ok(true)
    }

    async fn add(&self, jobs: &[NewJob], now: Timestamp) -> Result<(), StoreError> {
        if !jobs.is_empty() {
            let values = vec![list(jobs)?, now.into()];
            self.pool.write(sql::ADD.of(&self.pool), values).await?;
            self.added.send_replace(());
        }
        Ok(())
    }

    async fn schedule(&self, job: &NewJob, now: Timestamp) -> Result<bool, StoreError> {
        let values = vec![list(std::slice::from_ref(job))?, now.into()];
        let done = self.pool.write(sql::SCHEDULE.of(&self.pool), values).await? == 1;
        self.added.send_replace(());
        Ok(done)
    }

    fn added(&self) -> watch::Receiver<()> {
        self.added.subscribe()
    }

    async fn waiting(&self, kinds: &[&'static str], now: Timestamp) -> Result<Vec<String>, StoreError> {
        let values = vec![names(kinds)?, now.into()];
        let rows = self.pool.read(sql::WAITING.of(&self.pool), values).await?;
        rows.into_iter().map(|mut row| row.text()).collect()
    }

    async fn take(
        &self,
        kind: &str,
        at_most: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Taken>, StoreError> {
        let at_most = signed(u64::try_from(at_most).unwrap_or(u64::MAX));
        let values = vec![kind.into(), now.into(), at_most.into(), micros(lease)];
        let mut work = self.pool.begin().await?;
        let rows = work.returning(sql::TAKE.of(&self.pool), values).await?;
        work.commit().await?;
        let taken = rows.into_iter().map(|mut row| {
            let fence = row.int()?;
            let job = job(row)?;
            let claim = Claim { job: job.id, fence };
            Ok(Taken { job, claim })
        });
        taken.collect()
    }

    async fn renew(&self, claim: Claim, lease: Duration) -> Result<bool, StoreError> {
        self.held(sql::RENEW.of(&self.pool), claim, vec![micros(lease)]).await
    }

    async fn note(&self, claim: Claim, progress: &str) -> Result<bool, StoreError> {
        self.held(sql::NOTE, claim, vec![progress.into()]).await
    }

    async fn end(&self, claim: Claim, ending: &Ending) -> Result<bool, StoreError> {
        let (statement, values) = match ending {
            Ending::Done { result, at } => (sql::DONE, vec![result.as_str().into(), (*at).into()]),
            Ending::Again { result, at } => (sql::AGAIN, vec![result.as_str().into(), (*at).into()]),
            Ending::Later { reason, at } => (sql::LATER, vec![reason.as_str().into(), (*at).into()]),
            Ending::Dead { reason, at } => (sql::DEAD, vec![reason.as_str().into(), (*at).into()]),
            Ending::Released => (sql::RELEASED, vec![]),
        };
        self.held(statement, claim, values).await
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let row = self.pool.read_one(sql::GET, vec![id.to_string().into()]).await?;
        row.map(job).transpose()
    }

    async fn list(&self, filter: &JobFilter, at_most: u32) -> Result<Vec<Job>, StoreError> {
        let (before, id) = match filter.before {
            Some((at, id)) => (at.into(), id.to_string()),
            None => (Value::Int(i64::MAX), String::new()),
        };
        let state = filter.state.map_or("", <&'static str>::from);
        let mut values = vec![state.into(), before, id.into(), i64::from(at_most).into()];
        let statement = match filter.tenant {
            None => sql::LIST,
            Some(tenant) => {
                values.push(tenant.to_string().into());
                sql::LIST_OF_TENANT
            }
        };
        let rows = self.pool.read(statement, values).await?;
        rows.into_iter().map(job).collect()
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, StoreError> {
        let values = vec![id.to_string().into(), now.into()];
        let done = self.pool.write(sql::RETRY, values).await? == 1;
        self.added.send_replace(());
        Ok(done)
    }

    async fn delete(&self, id: JobId) -> Result<bool, StoreError> {
        Ok(self.pool.write(sql::DELETE, vec![id.to_string().into()]).await? == 1)
    }

    async fn figures(&self, now: Timestamp) -> Result<JobFigures, StoreError> {
        let row = self.pool.read_one(sql::FIGURES, vec![now.into()]).await?;
        let mut row = row.ok_or_else(|| broken("jobs cannot be counted"))?;
        Ok(JobFigures {
            queued: row.count()?,
            running: row.count()?,
            dead: row.count()?,
            parked: row.count()?,
            oldest_due: row.optional_time()?,
        })
    }

    async fn forget_some(&self, done_until: Timestamp, at_most: u32) -> Result<u32, StoreError> {
        let values = vec![done_until.into(), i64::from(at_most).into()];
        let deleted = self.pool.write(sql::FORGET, values).await?;
        Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
    }
}
