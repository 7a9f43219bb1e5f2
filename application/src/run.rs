//! How a command runs: decide, commit once, decide again on the log itself when somebody was faster, or when nothing that would be
//! committed could show that this node's memory is old.

use std::{future::Future, sync::Arc};

use domain::log::Position;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    ports::{
        StoreError,
        log::{CommitError, Receipt, ReceiptKey},
        vault::{Place, Record},
    },
    work::{Sight, Work},
};

/// So often a decision is made again after a conflict.
const MOST_RETRIES: u32 = 10;

/// One command of the system: one file, one unit of work.
pub trait UseCase: Send + Sync + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;

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

/// An idempotent call: the same key and body get the same answer, byte for byte.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The route.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the request's body.
    pub body_hash: [u8; 32],
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

    /// Runs a command whose rendered answer is kept with its commit under the caller's key.
    ///
    /// # Errors
    /// As [`App::run`]; [`CommandError::KeyReused`] when the key came with another body before.
    pub async fn run_once<U: UseCase>(
        self: &Arc<Self>,
        context: &Context,
        idempotency: Option<Idempotency>,
        command: U,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<Done<Vec<u8>>, CommandError> {
        let (app, context) = (Arc::clone(self), context.clone());
        spawned(async move {
            if let Some(asked) = &idempotency
                && let Some(receipt) = app.log.receipt(&receipt_key(&context, asked)).await?
            {
                return app.replay_answer(asked, &receipt).await;
            }
            match app.attempt(&context, &command, idempotency.as_ref(), render).await {
                Ok((Decision::Done(answer), position)) => Ok(Done {
                    answer: render(&answer),
                    position,
                }),
                Ok((Decision::Refused(error), _)) | Err(Failure::Command(error)) => Err(error),
                Err(Failure::Answered(receipt)) => {
                    let asked = idempotency.ok_or(StoreError::Broken("a receipt that nobody asked for".into()))?;
                    app.replay_answer(&asked, &receipt).await
                }
            }
        })
        .await
    }

    async fn attempt<U: UseCase>(
        &self,
        context: &Context,
        command: &U,
        idempotency: Option<&Idempotency>,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<(Decision<U::Answer>, Position), Failure> {
        let first_event_id = self.entropy.id(context.now);
        let (mut sight, mut turn) = (Sight::Memory, None);
        for _ in 0..=MOST_RETRIES {
            let (decision, work) = self.decide(context, command, first_event_id, sight).await?;
            let receipt = match (&decision, idempotency) {
                (Decision::Done(answer), Some(asked)) => Some(self.receipt_of(context, asked, &render(answer))),
                _ => None,
            };
            if work.changes_nothing() && receipt.is_none() {
                let position = self.log.head().await.map_err(CommandError::from)?;
                return Ok((decision, position));
            }
            let (commit, moved) = work.into_commit(receipt);
            match self.log.commit(commit).await {
                Ok(committed) => {
                    for (stream, state) in moved {
                        self.states.keep(stream, state);
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

    fn receipt_of(&self, context: &Context, asked: &Idempotency, answer: &[u8]) -> Receipt {
        let key = receipt_key(context, asked);
        let answer = self.cipher.seal(&receipt_place(&key), answer);
        Receipt {
            key,
            body_hash: asked.body_hash,
            answer,
            created_at: context.now,
        }
    }

    async fn replay_answer(&self, asked: &Idempotency, receipt: &Receipt) -> Result<Done<Vec<u8>>, CommandError> {
        if receipt.body_hash != asked.body_hash {
            return Err(CommandError::KeyReused);
        }
        let answer = self
            .cipher
            .open(&receipt_place(&receipt.key), &receipt.answer)
            .map_err(|error| StoreError::Broken(format!("a stored answer: {error}")))?;
        Ok(Done {
            answer: answer.expose_secret().to_vec(),
            position: self.log.head().await?,
        })
    }
}

fn receipt_key(context: &Context, asked: &Idempotency) -> ReceiptKey {
    ReceiptKey {
        tenant: context.tenant,
        route: asked.route.clone(),
        key: asked.key.clone(),
    }
}

fn receipt_place(key: &ReceiptKey) -> Place {
    Place {
        tenant: key.tenant,
        record: Record::Receipt(key.route.clone(), key.key.clone()),
    }
}

enum Failure {
    Answered(Box<Receipt>),
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

async fn spawned<T: Send + 'static>(
    task: impl Future<Output = Result<T, CommandError>> + Send + 'static,
) -> Result<T, CommandError> {
    match tokio::spawn(tracing::Instrument::in_current_span(task)).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Broken(format!("a command stopped: {error}")).into()),
    }
}
