//! What is old goes: stored answers, attempts, jobs that were done, counted reads, and what providers gave to attempts that are over.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::{
    app::App,
    error::CommandError,
    jobs::{Care, Handler, Outcome, Run},
    work::after,
};

/// The kind of the job.
const KIND: &str = "keep_house";
/// How often.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// Longer than any link lives: until then an attempt tells its browser what came of it.
const ATTEMPT_LIFE: TimeDelta = TimeDelta::days(100);
/// So long what was done can be looked up.
const JOB_LIFE: TimeDelta = TimeDelta::days(30);
/// So long it can be looked up how often credentials were read. That somebody read them on a day, the log says for ever.
const READS_LIFE: TimeDelta = TimeDelta::days(400);
/// So many rows go in one transaction.
const AT_ONCE: u32 = 500;

/// Keeps house, hourly.
pub struct KeepHouse;

impl App {
    async fn keep_house(self: &Arc<Self>) -> Result<(), CommandError> {
        while self.forget_old_receipts().await? {}
        let now = self.clock.now();
        while self.attempts.forget_some(now - ATTEMPT_LIFE, AT_ONCE).await? == AT_ONCE {}
        while self.jobs.forget_some(now - JOB_LIFE, AT_ONCE).await? == AT_ONCE {}
        self.refreshes.forget_reads(now - READS_LIFE).await?;
        // An attempt that could not be ended for a hundred days is forgotten with what it was given.
        self.vault.delete_of_no_attempt().await?;
        self.forget_spent_apps().await?;
        // Once, not until none is left: those whose provider is still away stay.
        self.drop_left_credentials().await
    }
}

#[async_trait]
impl Handler for KeepHouse {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn care(&self) -> Care {
        Care::recurring(Duration::from_mins(10))
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        match run.app.keep_house().await {
            Ok(()) => Outcome::Again {
                result: "done".to_owned(),
                at: after(run.app.clock.now(), EVERY),
            },
            Err(error) => error.into(),
        }
    }
}
