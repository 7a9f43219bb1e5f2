//! One attempt at a job: held for as long as it is worked on, and written down only by whoever still holds it.

use std::{sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{Care, Handler, Outcome, Run};
use crate::{
    app::App,
    ports::{
        StoreError,
        jobs::{Claim, Ending, Taken},
    },
    work::after,
};

/// So often within its lease a worker says that it is still at a job.
const RENEWALS: u32 = 3;
/// So long between two tries to write down what came of a job.
const BETWEEN_NOTES: Duration = Duration::from_millis(500);

/// One attempt.
pub(super) struct Attempt {
    pub(super) app: Arc<App>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) taken: Taken,
    pub(super) lease: Duration,
    /// True once the node has no more time.
    pub(super) farewell: watch::Receiver<bool>,
}

impl Attempt {
    /// Does the job, and writes down what came of it.
    pub(super) async fn run(self) {
        let taken_at = Instant::now();
        let care = self.handler.care();
        let attempt = self.taken.job.attempt;
        let ending = if care.is_spent(attempt) {
            // It was begun so often and never came to an end: it may be what ends the nodes.
            Some(self.dead("it was begun often enough, and no attempt came to an end".to_owned()))
        } else {
            self.work(&care).await
        };
        let Some(ending) = ending else {
            tracing::warn!(job = %self.taken.job.id, kind = self.taken.job.kind, attempt, "a job was taken over by another worker");
            return;
        };
        if let Ending::Dead { reason, .. } = &ending {
            tracing::error!(job = %self.taken.job.id, kind = self.taken.job.kind, attempt, reason, "a job was given up");
        }
        self.write_down(&ending, taken_at + care.deadline).await;
    }

    /// None when somebody else has taken the job over.
    async fn work(&self, care: &Care) -> Option<Ending> {
        let handling = std::pin::pin!(timeout(care.deadline, self.handle()));
        let holding = std::pin::pin!(self.hold());
        match select(handling, holding).await {
            Either::Left((Ok(outcome), _)) => Some(self.ending(outcome, care)),
            Either::Left((Err(_), _)) => {
                let why = format!("it was not done within {} seconds", care.deadline.as_secs());
                Some(self.ending(Outcome::later(why), care))
            }
            Either::Right((held, _)) => held,
        }
    }

    /// In a task of its own: a handler that panics ends its attempt, and nothing else.
    async fn handle(&self) -> Outcome {
        let (app, handler) = (Arc::clone(&self.app), Arc::clone(&self.handler));
        let Taken { job, claim } = self.taken.clone();
        let mut handling = tokio::task::JoinSet::new(); // dropped, it ends the task
        handling.spawn(async move {
            let (app, job) = (&app, &job);
            handler.run(&Run { app, job, claim }).await
        });
        match handling.join_next().await {
            Some(Ok(outcome)) => outcome,
            _ => Outcome::later("the handler broke off"),
        }
    }

    /// Keeps the job in hand until the node has no more time, or somebody else has taken it over.
    async fn hold(&self) -> Option<Ending> {
        let mut farewell = self.farewell.clone();
        let mut held_at = Instant::now();
        loop {
            let ended = timeout(self.lease / RENEWALS, farewell.wait_for(|ended| *ended))
                .await
                .is_ok();
            if ended {
                return Some(Ending::Released);
            }
            let asked = Instant::now(); // before the store counts
            match self.app.jobs.renew(self.claim(), self.lease).await {
                Ok(true) => held_at = asked,
                Ok(false) => return None,
                Err(error) if held_at.elapsed() >= self.lease => {
                    tracing::warn!(job = %self.taken.job.id, %error, "a job could not be kept in hand");
                    return None;
                }
                Err(_) => {} // there is time for another try
            }
        }
    }

    fn claim(&self) -> Claim {
        self.taken.claim
    }

    fn ending(&self, outcome: Outcome, care: &Care) -> Ending {
        let now = self.app.clock.now();
        match outcome {
            Outcome::Done(result) => Ending::Done { result, at: now },
            Outcome::Again { result, at } => Ending::Again { result, at },
            // What comes round for ever is never given up: its next time may find what it met mended.
            Outcome::Dead(why) if care.attempts.is_none() => self.ending(Outcome::later(why), care),
            Outcome::Dead(reason) => self.dead(reason),
            Outcome::Later { why, .. } if care.was_last(self.taken.job.attempt) => self.dead(why),
            Outcome::Later { why, not_before } => {
                let pause = care.pause_after(self.taken.job.attempt, self.app.entropy.as_ref());
                let at = after(now, pause);
                Ending::Later {
                    reason: why,
                    at: not_before.map_or(at, |not_before| at.max(not_before)),
                }
            }
        }
    }

    fn dead(&self, reason: String) -> Ending {
        let at = self.app.clock.now();
        Ending::Dead { reason, at }
    }

    /// Tries for a while: what cannot be written down is done again by whoever takes the job over.
    async fn write_down(&self, ending: &Ending, until: Instant) {
        let mut said = false;
        loop {
            match self.app.jobs.end(self.claim(), ending).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(job = %self.taken.job.id, "what came of a job was not noted: another worker has it");
                    return;
                }
                Err(error) => self.complain(&error, &mut said),
            }
            if Instant::now() >= until || *self.farewell.borrow() {
                return;
            }
            sleep(BETWEEN_NOTES).await;
        }
    }

    fn complain(&self, error: &StoreError, said: &mut bool) {
        if !std::mem::replace(said, true) {
            tracing::warn!(job = %self.taken.job.id, %error, "what came of a job could not be noted yet");
        }
    }
}
