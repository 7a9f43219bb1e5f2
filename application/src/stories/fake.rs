//! A log in memory, as far as a unit of work needs it. The real stores are held to their promises by their own suite.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::TenantId,
    log::{Position, Recorded, StreamId},
};
use tokio::sync::{Mutex, Semaphore, watch};
use uuid::Uuid;

use super::now;
use crate::ports::{
    StoreError,
    clock::Entropy,
    log::{Commit, CommitError, Committed, EventLog, Moved, NewEvent, Receipt, ReceiptKey},
    receipts::Receipts,
};

/// What happened, and what will come in between.
#[derive(Default)]
pub(super) struct Store(pub(super) Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) rows: Vec<Recorded>,
    pub(super) receipts: HashMap<ReceiptKey, Receipt>,
    /// Receipts that are written after somebody looked.
    pub(super) hidden: HashMap<ReceiptKey, Receipt>,
    /// Every commit that was asked for, also those that did not stand.
    pub(super) asked: Vec<Commit>,
    /// What others commit first: one for each commit that is asked for.
    pub(super) rivals: VecDeque<NewEvent>,
    /// How many events were loaded, one number for each time that somebody asked.
    pub(super) loaded: Vec<usize>,
    /// How often somebody looked at what moved.
    pub(super) looks: usize,
    /// What a look saw is answered once it is let through here.
    pub(super) gate: Option<Arc<Semaphore>>,
    /// Whether commits fail.
    pub(super) is_away: bool,
}

impl State {
    fn of<'a>(&'a self, stream: &'a StreamId) -> impl Iterator<Item = &'a Recorded> {
        self.rows
            .iter()
            .filter(|row| row.aggregate_type == stream.aggregate_type && row.aggregate_id == stream.aggregate_id)
    }

    fn version(&self, stream: &StreamId) -> u64 {
        self.of(stream).count() as u64
    }

    fn head(&self) -> Position {
        Position(self.rows.len() as u64)
    }

    pub(super) fn append(&mut self, event: NewEvent) {
        let row = Recorded {
            position: Position(self.head().0 + 1),
            event_id: event.event_id,
            tenant_id: event.tenant_id,
            aggregate_type: event.stream.aggregate_type.to_owned(),
            aggregate_id: event.stream.aggregate_id.clone(),
            sequence: self.version(&event.stream) + 1,
            event_type: event.body.event_type,
            event_version: event.body.event_version,
            recorded_at: now(),
            payload: event.body.payload,
            metadata: event.body.metadata,
            personal: event.body.personal,
            hash: [0; 32],
        };
        self.rows.push(row);
    }
}

#[async_trait]
impl EventLog for Store {
    async fn load(&self, stream: &StreamId, after: u64) -> Result<Vec<Recorded>, StoreError> {
        let mut state = self.0.lock().await;
        let rows: Vec<_> = state.of(stream).filter(|row| row.sequence > after).cloned().collect();
        state.loaded.push(rows.len());
        Ok(rows)
    }

    async fn page(&self, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let state = self.0.lock().await;
        let rows = state.rows.iter().filter(|row| row.position > after);
        Ok(rows.take(limit as usize).cloned().collect())
    }

    async fn page_of(&self, _: TenantId, _: Position, _: u32) -> Result<Vec<Recorded>, StoreError> {
        unreachable!("no use case follows the log")
    }

    async fn at(&self, _: &[Position]) -> Result<Vec<Recorded>, StoreError> {
        unreachable!("no use case follows the log")
    }

    async fn moved(&self, after: Position, limit: u32) -> Result<Vec<Moved>, StoreError> {
        let mut state = self.0.lock().await;
        state.looks += 1;
        let news = state.rows.iter().filter(|row| row.position > after).map(|row| Moved {
            position: row.position,
            aggregate_type: row.aggregate_type.clone(),
            aggregate_id: row.aggregate_id.clone(),
        });
        let news = news.take(limit as usize).collect();
        let gate = state.gate.clone();
        drop(state);
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        Ok(news)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        Ok(self.0.lock().await.head())
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let mut state = self.0.lock().await;
        if state.is_away {
            return Err(StoreError::Unavailable("the log is away".to_owned()).into());
        }
        state.asked.push(commit.clone());
        if let Some(rival) = state.rivals.pop_front() {
            state.append(rival);
        }
        let receipt = commit.receipt.map(|receipt| (receipt.key.clone(), receipt));
        if let Some(first) = receipt.as_ref().and_then(|(key, _)| state.receipts.get(key)) {
            return Err(CommitError::Answered(Box::new(first.clone())));
        }
        let mut expects = commit.expects.into_iter();
        if let Some(moved) = expects.find(|expected| state.version(&expected.stream) != expected.version) {
            return Err(CommitError::Conflict(moved.stream));
        }
        for event in commit.appends {
            state.append(event);
        }
        state.receipts.extend(receipt);
        let (position, recorded_at) = (state.head(), now());
        Ok(Committed { position, recorded_at })
    }

    async fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, StoreError> {
        let mut state = self.0.lock().await;
        let found = state.receipts.get(key).cloned();
        let hidden = std::mem::take(&mut state.hidden);
        state.receipts.extend(hidden);
        Ok(found)
    }

    fn committed(&self) -> watch::Receiver<Position> {
        unreachable!("no use case follows the log")
    }
}

#[async_trait]
impl Receipts for Store {
    async fn forget(&self, key: &ReceiptKey, given_until: Timestamp) -> Result<(), StoreError> {
        let receipts = &mut self.0.lock().await.receipts;
        receipts.retain(|known, receipt| known != key || receipt.created_at > given_until);
        Ok(())
    }

    async fn page(&self, _: domain::ids::TenantId, _: Option<&ReceiptKey>, _: u32) -> Result<Vec<Receipt>, StoreError> {
        unreachable!("no story erases anybody")
    }

    async fn forget_some(&self, _: Timestamp, _: u32) -> Result<u32, StoreError> {
        unreachable!("no use case keeps house")
    }
}

/// Ids that count up, far enough from each other that the events of one command fit between.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, _: &mut [u8]) {
        unreachable!("everything random is made before")
    }

    fn id(&self, _: Timestamp) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1) << 16)
    }
}
