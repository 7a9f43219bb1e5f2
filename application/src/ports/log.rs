//! The event log: one order, and commits that are all or nothing.

use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::{Position, Recorded, SealedPersonal, StreamId},
};
use tokio::sync::watch;

use super::{StoreError, vault::SecretChange};

/// The one ordered log of an installation.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// The events of a stream behind a version, in order; behind 0: all of them.
    async fn load(&self, stream: &StreamId, after: u64) -> Result<Vec<Recorded>, StoreError>;

    /// The next events behind a position, in order; fewer than `limit` only at the head.
    async fn page(&self, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError>;

    /// The next events of a tenant behind a position, in order; fewer than `limit` only at the head. It costs what the tenant's
    /// own events cost, so that nobody can tell from it how much others write.
    async fn page_of(&self, tenant: TenantId, after: Position, limit: u32) -> Result<Vec<Recorded>, StoreError>;

    /// The events at these positions, in order; positions that hold none are left out.
    async fn at(&self, positions: &[Position]) -> Result<Vec<Recorded>, StoreError>;

    /// The events behind a position, by their streams alone, in order; fewer than `limit` only at the head.
    async fn moved(&self, after: Position, limit: u32) -> Result<Vec<Moved>, StoreError>;

    /// The position of the newest event.
    async fn head(&self) -> Result<Position, StoreError>;

    /// Puts everything of a commit into the log and the vault, or nothing.
    ///
    /// A commit whose event ids are known was made before (its answer got lost): it is answered again, not repeated.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// The answer that was stored under a receipt's key, if any.
    async fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, StoreError>;

    /// The newest position that this node committed, or heard of from another one: wakes whoever follows the log. Polling stays
    /// the truth.
    fn committed(&self) -> watch::Receiver<Position>;
}

/// That a stream has a new event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where the event stands.
    pub position: Position,
    /// The type of its stream.
    pub aggregate_type: String,
    /// The id of its stream.
    pub aggregate_id: String,
}

/// All that one command changes.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose it is.
    pub tenant: TenantId,
    /// The version of every stream that was loaded, read-only ones too: no decision on stale state.
    pub expects: Vec<Expected>,
    /// Events of aggregates, in the order of their decisions.
    pub appends: Vec<NewEvent>,
    /// Observations, appended at any version.
    pub observations: Vec<NewObservation>,
    /// Changes of vault rows.
    pub secrets: Vec<SecretChange>,
    /// The stored answer of an idempotent call.
    pub receipt: Option<Receipt>,
}

/// A stream and the version that a decision was made on (0: it does not exist).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The stream.
    pub stream: StreamId,
    /// Its last sequence.
    pub version: u64,
}

/// An event on its way into the log: all but what only exists under the log's lock.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its own id, made once, kept through every retry.
    pub event_id: EventId,
    /// Whose it is (an agency's own streams carry its live tenant).
    pub tenant_id: TenantId,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream: the expected version and on.
    pub sequence: u64,
    /// What it says.
    pub body: EventBody,
}

/// An observation on its way into the log; its sequence exists only under the log's lock.
#[derive(Clone, Debug)]
pub struct NewObservation {
    /// Its own id; one that is known is skipped alone.
    pub event_id: EventId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The trail.
    pub stream: StreamId,
    /// What it says.
    pub body: EventBody,
    /// Skipped where the trail holds so many of its type.
    pub at_most: Option<u32>,
}

/// The stored form of an event.
#[derive(Clone, Debug)]
pub struct EventBody {
    /// The variant's name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// The event without its personal part, as JSON; these bytes are hashed and kept.
    pub payload: String,
    /// The metadata as JSON; these bytes are hashed and kept.
    pub metadata: String,
    /// The sealed personal part.
    pub personal: Option<SealedPersonal>,
}

/// A commit that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The position of its last event; the head where it appended none.
    pub position: Position,
    /// The log's time of it.
    pub recorded_at: Timestamp,
}

/// Why a commit does not stand. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A stream moved on since it was loaded: decide again from fresh state.
    #[error("the stream {0:?} has moved on")]
    Conflict(StreamId),
    /// The same idempotency key was used before: this is what was answered.
    #[error("the receipt exists")]
    Answered(Box<Receipt>),
    /// Too much waits to be written, or the store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Names one idempotent call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceiptKey {
    /// Whose it is.
    pub tenant: TenantId,
    /// The route, so that a key may serve twice.
    pub route: String,
    /// The caller's key.
    pub key: String,
}

/// The stored answer of an idempotent call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its name.
    pub key: ReceiptKey,
    /// SHA-256 of the request's body.
    pub body_hash: [u8; 32],
    /// The answer, sealed: it may hold a link's address.
    pub answer: Vec<u8>,
    /// When it was given.
    pub created_at: Timestamp,
}
