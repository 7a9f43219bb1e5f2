//! How a command runs: decide, commit once, decide again on the log itself when somebody was faster, or when nothing that would be
//! committed could show that this node's memory is old.

use std::{future::Future, sync::Arc};

use domain::log::Position;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    idempotency::Idempotency,
    ports::{
        StoreError,
        log::{Commit, CommitError, Committed, Receipt},
    },
    states::Moment,
    step,
    work::{Sight, Work},
};

/// So often a decision is made again after a conflict.
const MOST_RETRIES: u32 = 10;

/// One command of the system: one file, one unit of work.
pub trait UseCase: Send + Sync + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;

    /// What it is called where its steps are traced.
    fn name(&self) -> &'static str {
        step::short_name::<Self>()
    }

    /// Decides. Nothing is changed until it returns; it may be called again with fresh state, so everything random is made before.
    fn decide(&self, work: &mut Work<'_>) -> impl Future<Output = Result<Decision<Self::Answer>, CommandError>> + Send;
}

/// What came of a command. Both are committed.
pub enum Decision<T> {
    /// It was done.
    Done(T),
    /// It was refused, and what was found on the way (a link whose time had come) is recorded.
    Refused(CommandError),
}

/// A command that stands.
#[derive(Debug)]
pub struct Done<T> {
    /// What the caller gets.
    pub answer: T,
    /// How far a reader must be to see it.
    pub position: Position,
}

impl App {
    /// Runs a command in a task of its own: a caller that goes away cancels nothing.
    ///
    /// # Errors
    /// What the command refuses; [`CommandError::Contended`] after too many conflicts.
    pub async fn run<U: UseCase>(
        self: &Arc<Self>,
        context: &Context,
        command: U,
    ) -> Result<Done<U::Answer>, CommandError> {
        let (app, context) = (Arc::clone(self), context.clone());
        spawned(async move {
            let (decision, position) = app.attempt(&context, &command, None, |_| vec![]).await?;
            match decision {
                Decision::Done(answer) => Ok(Done { answer, position }),
                Decision::Refused(error) => Err(error),
            }
        })
        .await
    }

    pub(crate) async fn attempt<U: UseCase>(
        &self,
        context: &Context,
        command: &U,
        idempotency: Option<&Idempotency>,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<(Decision<U::Answer>, Position), Failure> {
        let span = step::command(command.name());
        let attempting = self.attempt_until_it_stands(context, command, idempotency, render);
        let outcome = attempting.instrument(span.clone()).await;
        step::ended(&span, &outcome);
        outcome
    }

    async fn attempt_until_it_stands<U: UseCase>(
        &self,
        context: &Context,
        command: &U,
        idempotency: Option<&Idempotency>,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<(Decision<U::Answer>, Position), Failure> {
        let first_event_id = self.entropy.id(context.now);
        let (mut sight, mut turn) = (Sight::Memory, None);
        for _ in 0..=MOST_RETRIES {
            let deciding = self.decide(context, command, first_event_id, sight);
            let (decision, work) = deciding.instrument(step::decide()).await?;
            let receipt = match (&decision, idempotency) {
                (Decision::Done(answer), Some(asked)) => Some(self.receipt_of(context, asked, &render(answer))),
                _ => None,
            };
            if work.changes_nothing() && receipt.is_none() {
                let position = self.log.head().await.map_err(CommandError::from)?;
                return Ok((decision, position));
            }
            let (commit, moved) = work.into_commit(receipt);
            match self.commit(commit).await {
                Ok(committed) => {
                    let now = Moment::at(committed.position);
                    for (stream, state) in moved {
                        self.states.keep(stream, state.at(now));
                    }
                    return Ok((decision, committed.position));
                }
                Err(CommitError::Conflict(stream)) => {
                    tracing::debug!(?stream, "decided on old state, once more");
                    self.states.forget(&stream);
                    sight = Sight::Log;
                    drop(turn.take()); // never hold one turn while waiting for another
                    turn = Some(self.queues.turn(&stream).await);
                }
                Err(CommitError::Answered(receipt)) => return Err(Failure::Answered(receipt)),
                Err(CommitError::Store(error)) => return Err(CommandError::Store(error).into()),
            }
        }
        Err(CommandError::Contended.into())
    }

    /// One commit, as a step of its own.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let span = step::commit(commit.appends.len() + commit.observations.len());
        let outcome = self.log.commit(commit).instrument(span.clone()).await;
        if let Ok(committed) = &outcome {
            span.record("position", committed.position.0);
        }
        step::ended(&span, &outcome);
        outcome
    }

    /// A decision, and the work that makes it stand. Of what this node remembered, a commit checks that it was still so. What
    /// changes nothing, a refusal or a repeated command, is checked by no commit: it is decided again on the log itself before
    /// anybody hears of it.
    async fn decide<'a, U: UseCase>(
        &'a self,
        context: &'a Context,
        command: &U,
        first_event_id: Uuid,
        sight: Sight,
    ) -> Result<(Decision<U::Answer>, Work<'a>), CommandError> {
        let mut work = Work::new(self, context, first_event_id, sight);
        let decided = command.decide(&mut work).await;
        let will_be_checked = decided.is_ok() && !work.changes_nothing();
        if will_be_checked || !work.trusts_memory() {
            return Ok((decided?, work));
        }
        let mut work = Work::new(self, context, first_event_id, Sight::Log);
        let decision = command.decide(&mut work).await?;
        Ok((decision, work))
    }
}

/// Why an attempt came to nothing.
pub(crate) enum Failure {
    /// An equal call was answered before.
    Answered(Box<Receipt>),
    /// It was refused, or something failed.
    Command(CommandError),
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Command(error) => error,
            Failure::Answered(_) => Self::Store(StoreError::Broken("a receipt that nobody asked for".into())),
        }
    }
}

/// Runs something to its end, whatever becomes of who asked for it.
pub(crate) async fn spawned<T: Send + 'static>(
    task: impl Future<Output = Result<T, CommandError>> + Send + 'static,
) -> Result<T, CommandError> {
    match tokio::spawn(task.in_current_span()).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Broken("a command broke off".into()).into()), // a panic's words may hold anything
    }
}
