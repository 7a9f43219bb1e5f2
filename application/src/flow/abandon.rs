//! A customer leaves in the middle of the sign-in and does not come back: the attempt ends, the link stays usable.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::connect_link::AttemptFailure;

use crate::{
    app::App,
    error::CommandError,
    jobs::{Care, Handler, Outcome, Run},
    metadata::Actor,
    work::after,
};

/// The kind of the job that looks for them.
const KIND: &str = "abandon_attempts";
/// How often.
const EVERY: TimeDelta = TimeDelta::minutes(5);
/// So long after its start an attempt that is not finished counts as abandoned.
const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// So many are looked up at once.
const PAGE: u32 = 200;

/// Ends what customers have abandoned.
pub struct AbandonAttempts;

impl App {
    /// Ends some of the attempts that were abandoned, and drops what providers gave them. Answers how many it ended; one that
    /// somebody goes on with at this moment, or that another node was faster with, is left alone. One that cannot be ended keeps
    /// no other alive.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn abandon_attempts(self: &Arc<Self>) -> Result<usize, CommandError> {
        let started_until = self.clock.now() - PATIENCE;
        let mut ended = 0;
        for attempt in &self.attempts.unfinished(started_until, PAGE).await? {
            let context = self.context_of(attempt.tenant, attempt.agency, Actor::System);
            self.attempts.destroy_answer(attempt.id).await?;
            match self.fail(&context, attempt, AttemptFailure::Abandoned).await {
                // Its provider was configured anew: nothing can be taken back there.
                Ok(()) | Err(CommandError::ProviderUnknown) => ended += 1,
                Err(error) => tracing::warn!(attempt = %attempt.id, %error, "an abandoned sign-in could not be ended"),
            }
        }
        Ok(ended)
    }

    /// Drops some of the credentials of attempts that are over: their provider could not be reached when they ended.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn drop_left_credentials(self: &Arc<Self>) -> Result<(), CommandError> {
        for attempt in &self.attempts.failed_with_credential(PAGE).await? {
            match self.drop_pending(attempt).await {
                Ok(()) | Err(CommandError::ProviderUnknown) => {}
                Err(error) => tracing::warn!(attempt = %attempt.id, %error, "a left credential could not be dropped"),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for AbandonAttempts {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn care(&self) -> Care {
        Care::recurring(Duration::from_mins(10))
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let mut ended = 0;
        loop {
            match run.app.abandon_attempts().await {
                Ok(now) => {
                    ended += now;
                    if now < PAGE as usize {
                        let at = after(run.app.clock.now(), EVERY);
                        let result = format!("{ended} abandoned");
                        return Outcome::Again { result, at };
                    }
                }
                Err(error) => return error.into(),
            }
        }
    }
}
