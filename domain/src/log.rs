//! The log's words: where an event stands, and what the log keeps about it.

use std::collections::BTreeMap;

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    evolution::Upcaster,
    ids::{EventId, TenantId},
    personal::{Personal, Subject},
};

/// A stream: an aggregate (or a trail of observations) and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The aggregate's `TYPE`, or a trail's.
    pub aggregate_type: &'static str,
    /// The aggregate's id as text.
    pub aggregate_id: String,
}

impl StreamId {
    /// The stream of an aggregate.
    pub fn of<A: cqrs_es::Aggregate>(id: impl std::fmt::Display) -> Self {
        Self {
            aggregate_type: A::TYPE,
            aggregate_id: id.to_string(),
        }
    }
}

/// An event's gap-free place in the one log of an installation; the first event has 1, and 0 is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// A flat map of ids: actor, request, link, integration ... Sorted, so that the same map always has the same bytes.
pub type Metadata = BTreeMap<String, String>;

/// An event as the log keeps it. `payload` and `metadata` are the exact texts that were hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// Its own id.
    pub event_id: EventId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The aggregate's `TYPE`, or a trail's.
    pub aggregate_type: String,
    /// The aggregate's id.
    pub aggregate_id: String,
    /// Its place in its stream, from 1.
    pub sequence: u64,
    /// The variant's name.
    pub event_type: String,
    /// The version of the variant's shape.
    pub event_version: String,
    /// When it was committed; never earlier than the event before it.
    pub recorded_at: Timestamp,
    /// The externally tagged event without its personal part, as JSON.
    pub payload: String,
    /// The metadata as JSON.
    pub metadata: String,
    /// The sealed personal part.
    pub personal: Option<SealedPersonal>,
    /// SHA-256 over everything above but the position, and of the personal part only its own hash.
    pub hash: [u8; 32],
}

impl Recorded {
    /// What the metadata says under a key.
    pub fn note(&self, key: &str) -> Option<String> {
        serde_json::from_str::<Metadata>(&self.metadata).ok()?.remove(key)
    }
}

/// The personal part of an event, sealed under its subject's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPersonal {
    /// Whom it is about.
    pub subject: Subject,
    /// AEAD over salt ‖ JSON; empty once the row was cleaned after an erasure.
    pub sealed: Vec<u8>,
    /// SHA-256(salt ‖ JSON): the log's proof that does not give the data away.
    pub hash: [u8; 32],
}

/// An event that can stand in the log: its personal part can be lifted out before it is stored, and put back when it is shown.
pub trait LoggedEvent: DomainEvent + strum::VariantNames {
    /// How the shapes of its variants have changed: all steps there ever were.
    const UPCASTERS: &'static [Upcaster] = &[];

    /// The place of the personal part, in the variants that have one.
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>>;

    /// Takes the personal part out.
    fn lift_personal(&mut self) -> Option<Personal> {
        self.personal_mut().and_then(Option::take)
    }

    /// Puts an opened personal part back.
    fn restore_personal(&mut self, personal: Personal) {
        if let Some(place) = self.personal_mut() {
            *place = Some(personal);
        }
    }
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A newer node wrote it: this one must stand down from what needs it.
    #[error("the event {event_type} of {aggregate_type} has version {version}, which this node does not know")]
    UnknownVersion {
        /// The stream's type.
        aggregate_type: String,
        /// The variant's name.
        event_type: String,
        /// The version found.
        version: String,
    },
    /// The stored text is not the event that its columns name. The text itself stays out of the message.
    #[error("the event at position {position} cannot be read: {reason}")]
    Malformed {
        /// Where it stands.
        position: u64,
        /// What the decoder said, without data.
        reason: String,
    },
}

/// Gives an event enum its stored names: the variant's name, and the version of its shape, which follows from its upcasters.
macro_rules! stored_as_variant {
    ($event:ty) => {
        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                <&'static str>::from(self).to_owned()
            }
            fn event_version(&self) -> String {
                $crate::evolution::current_version::<Self>(self.into()).to_string()
            }
        }
    };
}
pub(crate) use stored_as_variant;
