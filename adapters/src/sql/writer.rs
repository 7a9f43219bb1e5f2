//! The one task that appends to the log, and the queue in front of it.
//!
//! Commits that arrive while a batch is being flushed wait and form the next batch. A caller that goes away cancels nothing:
//! the task owns its connection and what it was handed.

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed},
};
use domain::log::Position;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{figures::LogFigures, unavailable};
use crate::mutants::{answer_early, mutant};

/// So many commits may wait; more are refused, so that a slow disk shows as 503 and not as a growing memory.
const QUEUE: usize = 1_024;
/// So many commits share one flush at most.
const BATCH: usize = 256;

/// What became of one commit.
pub(crate) type Outcome = Result<Committed, CommitError>;

/// Writes batches into one database.
pub(crate) trait Backend: Send + 'static {
    /// Writes what can be written, and answers each member in order. A member without an answer depends on what became of an
    /// earlier one: it is written with the next batch. The first one always has an answer.
    fn write(&mut self, batch: &[Commit]) -> impl Future<Output = Vec<Option<Outcome>>> + Send;

    /// Closes the connection.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The way to the writing task.
#[derive(Clone)]
pub(super) struct Writer {
    inbox: mpsc::Sender<Message>,
    committed: watch::Sender<Position>,
    figures: LogFigures,
}

enum Message {
    Commit(Box<Job>),
    Close(oneshot::Sender<()>),
}

struct Job {
    commit: Commit,
    answer: oneshot::Sender<Outcome>,
}

impl Writer {
    pub(super) fn start(backend: impl Backend, head: Position, figures: LogFigures) -> Self {
        let (inbox, messages) = mpsc::channel(QUEUE);
        let committed = watch::Sender::new(head);
        tokio::spawn(run(backend, messages, committed.clone(), figures.clone()));
        Self {
            inbox,
            committed,
            figures,
        }
    }

    pub(super) async fn commit(&self, commit: Commit) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        let message = Message::Commit(Box::new(Job { commit, answer }));
        self.figures.queued.inc(); // before it can be taken out again
        self.inbox.try_send(message).map_err(|refused| {
            self.figures.queued.dec();
            match refused {
                mpsc::error::TrySendError::Full(_) => {
                    self.figures.refused.inc();
                    unavailable("too much waits to be written")
                }
                mpsc::error::TrySendError::Closed(_) => closed(),
            }
        })?;
        outcome.await.unwrap_or_else(|_| Err(closed().into()))
    }

    pub(super) fn committed(&self) -> watch::Receiver<Position> {
        self.committed.subscribe()
    }

    /// For whoever hears of other nodes' commits.
    pub(super) fn announcer(&self) -> watch::Sender<Position> {
        self.committed.clone()
    }

    /// Returns once everything that waited is written and the connection is closed.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.inbox.send(Message::Close(done)).await.is_ok() {
            closed.await.ok();
        }
    }
}

fn closed() -> StoreError {
    unavailable("it is closed")
}

async fn run<B: Backend>(
    mut backend: B,
    mut messages: mpsc::Receiver<Message>,
    announce: watch::Sender<Position>,
    figures: LogFigures,
) {
    let mut waiting = Vec::new();
    let mut closing = Vec::new();
    loop {
        let room = BATCH - waiting.len(); // it never holds more
        let mut arrived = Vec::new();
        if waiting.is_empty() {
            if messages.recv_many(&mut arrived, room).await == 0 {
                break; // closed, and nothing is left in the queue
            }
        } else {
            arrived.extend(std::iter::from_fn(|| messages.try_recv().ok()).take(room));
        }
        for message in arrived {
            match message {
                Message::Commit(job) => {
                    figures.queued.dec();
                    waiting.push(*job);
                }
                Message::Close(done) => {
                    messages.close();
                    closing.push(done);
                }
            }
        }
        let (batch, mut answers): (Vec<_>, Vec<_>) = waiting.drain(..).map(|job| (job.commit, job.answer)).unzip();
        if !batch.is_empty() {
            if mutant!("mutant-answer-before-commit") {
                answer_early(&batch, &mut answers, *announce.borrow());
            }
            let began = Instant::now();
            let outcomes = backend.write(&batch).await;
            figures.wrote(began.elapsed(), &outcomes);
            waiting.extend(answer(outcomes, batch, answers, &announce));
            // Whoever was just answered often has more: let them speak first, and they share the next flush.
            tokio::task::yield_now().await;
        }
    }
    backend.close().await;
    for done in closing {
        done.send(()).ok();
    }
}

/// Announces the new head before the callers learn of it: whoever was answered finds the followers awake. Hands back who has to
/// wait for the next batch.
fn answer(
    outcomes: Vec<Option<Outcome>>,
    batch: Vec<Commit>,
    answers: Vec<oneshot::Sender<Outcome>>,
    announce: &watch::Sender<Position>,
) -> Vec<Job> {
    let stand = outcomes.iter().flatten().flatten();
    let stands = stand.map(|committed| committed.position).max();
    announce.send_if_modified(|head| match stands {
        Some(position) if position > *head => {
            *head = position;
            true
        }
        _ => false,
    });
    let mut late = Vec::new();
    for ((outcome, commit), answer) in outcomes.into_iter().zip(batch).zip(answers) {
        match outcome {
            Some(outcome) => drop(answer.send(outcome)), // the caller may have gone
            None => late.push(Job { commit, answer }),
        }
    }
    late
}

/// The same refusal for every member of a batch.
pub(crate) fn refuse_all(error: &StoreError, members: usize) -> Vec<Outcome> {
    std::iter::repeat_with(|| Err(error.clone().into()))
        .take(members)
        .collect()
}
