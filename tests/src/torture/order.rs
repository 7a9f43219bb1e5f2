//! What the appender is asked for, and what it answers: a line of JSON each.

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, Expected, NewEvent, NewObservation, Receipt, ReceiptKey},
    vault::{Place, Record, SecretChange, SecretRow},
};
use domain::{
    Timestamp,
    ids::{EventId, LinkId, TenantId},
    log::StreamId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::conformance::body;

/// One commit, in few words. Made once; resent with the same ids until it is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Names it in the answer. First, so that a trace shows it.
    pub number: u64,
    /// Whose it is.
    pub tenant: Uuid,
    /// What it appends to streams.
    pub appends: Vec<Append>,
    /// What it notes on trails.
    pub observations: Vec<Seen>,
    /// The vault row that it puts.
    pub secret: Option<Uuid>,
    /// The key of the receipt that it leaves.
    pub receipt: Option<Uuid>,
}

/// Events for one stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Append {
    /// The stream.
    pub stream: Uuid,
    /// The version that it was decided on.
    pub version: u64,
    /// The events' ids.
    pub events: Vec<Uuid>,
}

/// An observation for a trail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// The trail.
    pub trail: Uuid,
    /// Its id.
    pub event: Uuid,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It stands; its last event has this position.
    Committed(u64),
    /// A stream has moved on.
    Conflict,
    /// Another call used its receipt's key.
    Answered,
    /// Nobody knows; it may be asked for again.
    Unavailable,
    /// It can never stand.
    Broken(String),
}

/// The appender's answer to an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The order's number. First, so that a trace shows it.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
}

impl Order {
    /// An empty one.
    pub fn new(number: u64, tenant: Uuid) -> Self {
        Self {
            number,
            tenant,
            appends: vec![],
            observations: vec![],
            secret: None,
            receipt: None,
        }
    }

    /// The ids of all its events, in the order of their positions.
    pub fn events(&self) -> impl Iterator<Item = Uuid> + '_ {
        let appended = self.appends.iter().flat_map(|append| append.events.iter().copied());
        appended.chain(self.observations.iter().map(|seen| seen.event))
    }

    /// What it asks the log for.
    pub fn commit(&self) -> Commit {
        let tenant = TenantId(self.tenant);
        Commit {
            tenant,
            expects: self.appends.iter().map(Append::expected).collect(),
            appends: self.appends.iter().flat_map(|append| append.events(tenant)).collect(),
            observations: self.observations.iter().map(|seen| seen.observation(tenant)).collect(),
            secrets: self.row().map(SecretChange::Put).into_iter().collect(),
            receipt: self.receipt(),
        }
    }

    /// The vault row that it puts.
    pub fn row(&self) -> Option<SecretRow> {
        let link = self.secret?;
        Some(SecretRow {
            place: Place {
                tenant: TenantId(self.tenant),
                record: Record::LinkToken(LinkId(link)),
            },
            sealed: link.as_bytes().to_vec(),
            account_key: None,
            created_at: Timestamp::UNIX_EPOCH,
        })
    }

    /// The receipt that it leaves.
    pub fn receipt(&self) -> Option<Receipt> {
        let key = self.receipt?;
        Some(Receipt {
            key: ReceiptKey {
                tenant: TenantId(self.tenant),
                route: "POST /v1/links".to_owned(),
                key: key.to_string(),
            },
            body_hash: [7; 32],
            answer: key.as_bytes().to_vec(),
            created_at: Timestamp::UNIX_EPOCH,
        })
    }
}

impl Append {
    fn id(&self) -> StreamId {
        StreamId {
            aggregate_type: "integration",
            aggregate_id: self.stream.to_string(),
        }
    }

    fn expected(&self) -> Expected {
        Expected {
            stream: self.id(),
            version: self.version,
        }
    }

    fn events(&self, tenant_id: TenantId) -> impl Iterator<Item = NewEvent> + '_ {
        let sequences = self.version + 1..;
        self.events
            .iter()
            .zip(sequences)
            .map(move |(event, sequence)| NewEvent {
                event_id: EventId(*event),
                tenant_id,
                stream: self.id(),
                sequence,
                body: body("Connected", r#"{"Connected":{}}"#),
            })
    }
}

impl Seen {
    fn observation(&self, tenant_id: TenantId) -> NewObservation {
        NewObservation {
            event_id: EventId(self.event),
            tenant_id,
            stream: StreamId {
                aggregate_type: "link_trail",
                aggregate_id: self.trail.to_string(),
            },
            body: body("Opened", "{}"),
            at_most: None,
        }
    }
}

impl From<Result<Committed, CommitError>> for Outcome {
    fn from(result: Result<Committed, CommitError>) -> Self {
        match result {
            Ok(committed) => Self::Committed(committed.position.0),
            Err(CommitError::Conflict(_)) => Self::Conflict,
            Err(CommitError::Answered(_)) => Self::Answered,
            Err(CommitError::Store(StoreError::Unavailable(_))) => Self::Unavailable,
            Err(CommitError::Store(error @ (StoreError::Broken(_) | StoreError::UnreadableRow(_)))) => {
                Self::Broken(error.to_string())
            }
        }
    }
}
