use std::sync::atomic::{AtomicU64, Ordering};

use application::metadata;
use application::ports::{
    log::{Commit, EventBody, Expected, NewEvent, NewObservation, Receipt, ReceiptKey},
    vault::{Place, Record, SecretChange, SecretRow},
};
use cqrs_es::DomainEvent as _;
use domain::{
    Timestamp,
    ids::{EventId, IntegrationId, LinkId, TenantId},
    log::{Metadata, SealedPersonal, StreamId},
    trail::{LinkObservation, Visitor, link_trail},
};
use serde_json::json;
use uuid::Uuid;

/// A stream's name.
pub type Stream = StreamId;

/// An id that no other story or step has.
pub fn id() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0x0190_0000_0000_7000, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A tenant of its own.
pub fn tenant() -> TenantId {
    TenantId(id())
}

/// A stream that holds nothing yet.
pub fn stream() -> StreamId {
    StreamId {
        aggregate_type: "integration",
        aggregate_id: id().to_string(),
    }
}

/// A trail that holds nothing yet.
pub fn trail() -> StreamId {
    StreamId {
        aggregate_type: "link_trail",
        aggregate_id: id().to_string(),
    }
}

/// A vault row of a link of its own.
pub fn row(tenant: TenantId, sealed: &[u8]) -> SecretRow {
    SecretRow {
        place: Place {
            tenant,
            record: Record::LinkToken(LinkId(id())),
        },
        sealed: sealed.to_vec(),
        account_key: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// Somebody opens a link.
pub fn opening(tenant: TenantId, link: LinkId, integration: IntegrationId) -> NewObservation {
    let notes = Metadata::from([
        (metadata::LINK.to_owned(), link.to_string()),
        (metadata::INTEGRATION.to_owned(), integration.to_string()),
    ]);
    let opened = LinkObservation::Opened {
        visitor: Visitor::Person,
    };
    NewObservation {
        event_id: EventId(id()),
        tenant_id: tenant,
        stream: link_trail(link),
        body: EventBody {
            event_type: opened.event_type(),
            event_version: opened.event_version(),
            payload: json!(opened).to_string(),
            metadata: json!(notes).to_string(),
            personal: None,
        },
        at_most: None,
    }
}

/// A commit in the making.
#[derive(Clone)]
pub struct Draft(pub Commit);

impl Default for Draft {
    fn default() -> Self {
        Self::of(tenant())
    }
}

impl Draft {
    /// An empty one of a tenant.
    pub fn of(tenant: TenantId) -> Self {
        Self(Commit {
            tenant,
            expects: vec![],
            appends: vec![],
            observations: vec![],
            secrets: vec![],
            receipt: None,
        })
    }

    /// Decided on a stream at a version, without changing it.
    #[must_use]
    pub fn reads(mut self, stream: &StreamId, version: u64) -> Self {
        self.0.expects.push(Expected {
            stream: stream.clone(),
            version,
        });
        self
    }

    /// Decided on a stream at a version, and appends one event to it.
    #[must_use]
    pub fn appends(self, stream: &StreamId, version: u64) -> Self {
        self.appends_with(stream, version, body("Connected", r#"{"Connected":{}}"#))
    }

    /// The same with a given body.
    #[must_use]
    pub fn appends_with(mut self, stream: &StreamId, version: u64, body: EventBody) -> Self {
        self.0.appends.push(NewEvent {
            event_id: EventId(id()),
            tenant_id: self.0.tenant,
            stream: stream.clone(),
            sequence: version + 1,
            body,
        });
        self.reads(stream, version)
    }

    /// Notes an observation.
    #[must_use]
    pub fn observes(mut self, trail: &StreamId, event_type: &str, at_most: Option<u32>) -> Self {
        self.0.observations.push(NewObservation {
            event_id: EventId(id()),
            tenant_id: self.0.tenant,
            stream: trail.clone(),
            body: body(event_type, "{}"),
            at_most,
        });
        self
    }

    /// Puts a vault row.
    #[must_use]
    pub fn puts(mut self, row: &SecretRow) -> Self {
        self.0.secrets.push(SecretChange::Put(row.clone()));
        self
    }

    /// Deletes a vault row.
    #[must_use]
    pub fn deletes(mut self, place: &Place) -> Self {
        self.0.secrets.push(SecretChange::Delete(place.clone()));
        self
    }

    /// Deletes a vault row that it was decided on.
    #[must_use]
    pub fn deletes_as_read(mut self, row: &SecretRow) -> Self {
        self.0.secrets.push(SecretChange::DeleteAsRead(row.clone()));
        self
    }

    /// Leaves a receipt under a key.
    #[must_use]
    pub fn receipt(mut self, key: &str, answer: &[u8]) -> Self {
        self.0.receipt = Some(Receipt {
            key: ReceiptKey {
                tenant: self.0.tenant,
                route: "POST /v1/links".to_owned(),
                key: key.to_owned(),
            },
            body_hash: [7; 32],
            answer: answer.to_vec(),
            created_at: Timestamp::UNIX_EPOCH,
        });
        self
    }

    /// What is committed.
    pub fn commit(&self) -> Commit {
        self.0.clone()
    }
}

/// An event's stored form.
pub fn body(event_type: &str, payload: &str) -> EventBody {
    EventBody {
        event_type: event_type.to_owned(),
        event_version: "1".to_owned(),
        payload: payload.to_owned(),
        metadata: "{}".to_owned(),
        personal: None::<SealedPersonal>,
    }
}
