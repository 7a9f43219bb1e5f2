//! The one task that appends to the log, and the queue in front of it.
//!
//! Commits that arrive while a batch is being flushed wait and form the next batch. A caller that goes away cancels nothing:
//! the task owns its connection and what it was handed.

use std::collections::{HashSet, VecDeque};

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, ReceiptKey},
    vault::{Place, SecretChange},
};
use domain::{
    ids::EventId,
    log::{Position, StreamId},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::unavailable;
use crate::mutants::{answer_early, mutant};

/// So many commits may wait; more are refused, so that a slow disk shows as 503 and not as a growing memory.
const QUEUE: usize = 1_024;
/// So many commits share one flush at most.
const BATCH: usize = 256;

/// What became of one commit.
pub(crate) type Outcome = Result<Committed, CommitError>;

/// Writes batches into one database.
pub(crate) trait Backend: Send + 'static {
    /// Whether a commit may depend on another one of its batch, because they are judged one after the other.
    const MATES_MAY_DEPEND: bool;

    /// Writes what can be written, and answers each member in order.
    fn write(&mut self, batch: &[Commit]) -> impl Future<Output = Vec<Outcome>> + Send;

    /// Closes the connection.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The way to the writing task.
#[derive(Clone)]
pub(super) struct Writer {
    inbox: mpsc::Sender<Message>,
    committed: watch::Receiver<Position>,
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
    pub(super) fn start(backend: impl Backend, head: Position) -> Self {
        let (inbox, messages) = mpsc::channel(QUEUE);
        let (announce, committed) = watch::channel(head);
        tokio::spawn(run(backend, messages, announce));
        Self { inbox, committed }
    }

    pub(super) async fn commit(&self, commit: Commit) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        let message = Message::Commit(Box::new(Job { commit, answer }));
        self.inbox.try_send(message).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => unavailable("too much waits to be written"),
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        outcome.await.unwrap_or_else(|_| Err(closed().into()))
    }

    pub(super) fn committed(&self) -> watch::Receiver<Position> {
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

async fn run<B: Backend>(mut backend: B, mut messages: mpsc::Receiver<Message>, announce: watch::Sender<Position>) {
    let mut waiting = VecDeque::new();
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
                Message::Commit(job) => waiting.push_back(*job),
                Message::Close(done) => {
                    messages.close();
                    closing.push(done);
                }
            }
        }
        let (batch, mut answers) = next_batch(&mut waiting, B::MATES_MAY_DEPEND);
        if !batch.is_empty() {
            if mutant!("mutant-answer-before-commit") {
                answer_early(&batch, &mut answers, *announce.borrow());
            }
            let outcomes = backend.write(&batch).await;
            answer(outcomes, answers, &announce);
            // Whoever was just answered often has more: let them speak first, and they share the next flush.
            tokio::task::yield_now().await;
        }
    }
    backend.close().await;
    for done in closing {
        done.send(()).ok();
    }
}

/// Announces the new head before the callers learn of it: whoever was answered finds the followers awake.
fn answer(outcomes: Vec<Outcome>, answers: Vec<oneshot::Sender<Outcome>>, announce: &watch::Sender<Position>) {
    let stands = outcomes.iter().flatten().map(|committed| committed.position).max();
    announce.send_if_modified(|head| match stands {
        Some(position) if position > *head => {
            *head = position;
            true
        }
        _ => false,
    });
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        answer.send(outcome).ok(); // the caller may have gone
    }
}

/// The same refusal for every member of a batch.
pub(crate) fn refuse_all(error: &StoreError, members: usize) -> Vec<Outcome> {
    std::iter::repeat_with(|| Err(error.clone().into()))
        .take(members)
        .collect()
}

/// Takes the next batch out of the queue. A commit that touches what an earlier mate writes waits for the next one, unless the
/// backend can judge them in turn.
fn next_batch(waiting: &mut VecDeque<Job>, mates_may_depend: bool) -> (Vec<Commit>, Vec<oneshot::Sender<Outcome>>) {
    let joins: Vec<bool> = {
        let mut written = HashSet::new();
        let mut joins = |job| mates_may_depend || is_independent(job, &mut written);
        waiting.iter().map(|job| joins(&job.commit)).collect()
    };
    let mut batch = Vec::new();
    let mut answers = Vec::new();
    for (job, joins) in std::mem::take(waiting).into_iter().zip(joins) {
        if joins {
            batch.push(job.commit);
            answers.push(job.answer);
        } else {
            waiting.push_back(job);
        }
    }
    (batch, answers)
}

/// Something in the store that a commit touches.
#[derive(PartialEq, Eq, Hash)]
enum Touch<'a> {
    Stream(&'a StreamId),
    Event(EventId),
    Place(&'a Place),
    Receipt(&'a ReceiptKey),
}

fn is_independent<'a>(commit: &'a Commit, written: &mut HashSet<Touch<'a>>) -> bool {
    let reads = commit.expects.iter().map(|expected| Touch::Stream(&expected.stream));
    let writes: Vec<_> = writes(commit).collect();
    let independent =
        !reads.into_iter().any(|read| written.contains(&read)) && !writes.iter().any(|write| written.contains(write));
    written.extend(writes);
    independent
}

fn writes(commit: &Commit) -> impl Iterator<Item = Touch<'_>> {
    let events = commit
        .appends
        .iter()
        .flat_map(|event| [Touch::Stream(&event.stream), Touch::Event(event.event_id)]);
    let observations = commit
        .observations
        .iter()
        .flat_map(|seen| [Touch::Stream(&seen.stream), Touch::Event(seen.event_id)]);
    let places = commit.secrets.iter().map(|change| match change {
        SecretChange::Put(row) => Touch::Place(&row.place),
        SecretChange::Delete(place) => Touch::Place(place),
    });
    let receipts = commit.receipt.iter().map(|receipt| Touch::Receipt(&receipt.key));
    events.chain(observations).chain(places).chain(receipts)
}
