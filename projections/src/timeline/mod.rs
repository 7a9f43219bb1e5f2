//! A recorded event as a sentence that a person can read: what `replay` prints and the audit trail answers.

mod names;
mod sentence;
mod standing;
#[cfg(test)]
mod tests;

pub use names::Names;

use application::{
    metadata::{ACTOR, CUSTOMER, INTEGRATION, LINK, LOCATION, NETWORK, ON_BEHALF_OF},
    ports::StoreError,
};
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    connect_link::ConnectLink,
    customer::CustomerEvent,
    event::Event,
    log::{Metadata, Recorded},
    trail::LINK_TRAIL,
};
use serde::Serialize;

use crate::reader::{EventReader, OpenError};

/// One step of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    /// Where it stands in the log.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The type of its stream.
    pub stream: String,
    /// The stored name of the event.
    pub event_type: String,
    /// Who did it, as the metadata says.
    pub actor: Option<String>,
    /// Who did it, in words.
    pub who: String,
    /// In whose place, in words.
    pub on_behalf_of: Option<String>,
    /// From which network: a keyed hash that says only whether two steps came from the same one.
    pub network: Option<String>,
    /// What happened, as a sentence.
    pub text: String,
    /// What it concerns.
    #[serde(flatten)]
    pub about: About,
}

/// What an event concerns: the ids around it, and what they are called as far as anybody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// The customer.
    pub customer_id: Option<String>,
    /// What the customer is called.
    pub customer: Option<String>,
    /// The place of business.
    pub location_id: Option<String>,
    /// What the place is called.
    pub location: Option<String>,
    /// The integration.
    pub integration_id: Option<String>,
    /// The link.
    pub link_id: Option<String>,
}

impl About {
    /// A link's own stream names its link itself: one that a fresh link took the place of ends in the fresh one's commit.
    fn new(recorded: &Recorded, event: Option<&Event>, metadata: &Metadata, names: &Names) -> Self {
        let id = |key| metadata.get(key).cloned();
        let location_id = match event {
            Some(Event::Customer(CustomerEvent::LocationAdded { location, .. })) => Some(location.to_string()),
            _ => id(LOCATION),
        };
        let of_a_link = matches!(recorded.aggregate_type.as_str(), ConnectLink::TYPE | LINK_TRAIL);
        let own = of_a_link.then(|| recorded.aggregate_id.clone());
        Self {
            customer_id: id(CUSTOMER),
            customer: id(CUSTOMER).and_then(|id| names.customer(&id)),
            location: location_id.as_deref().and_then(|id| names.location(id)),
            location_id,
            integration_id: id(INTEGRATION),
            link_id: own.or_else(|| id(LINK)),
        }
    }
}

impl TimelineEntry {
    /// The sentence about an event. It depends on nothing but what is passed in; where names are missing, because nobody
    /// knows them or somebody was erased, it says "a member", "a listing" and so on.
    pub fn new(recorded: &Recorded, event: &Event, metadata: &Metadata, names: &Names) -> Self {
        Self::telling(recorded, Some(event), metadata, names, |who| {
            let provider = names.provider_of(recorded, event, metadata);
            sentence::Scene { who, provider, names }.sentence(event)
        })
    }

    /// The entry of an event that cannot be opened here: a timeline leaves nothing out.
    pub fn unreadable(recorded: &Recorded, metadata: &Metadata, names: &Names) -> Self {
        let event = &recorded.event_type;
        Self::telling(recorded, None, metadata, names, |who| {
            format!("{who} did something that this version cannot read ({event})")
        })
    }

    fn telling(
        recorded: &Recorded,
        event: Option<&Event>,
        metadata: &Metadata,
        names: &Names,
        sentence: impl FnOnce(&str) -> String,
    ) -> Self {
        let actor = metadata.get(ACTOR);
        let who = names.actor(actor.and_then(|actor| actor.parse().ok()));
        let principal = metadata.get(ON_BEHALF_OF);
        let on_behalf_of = principal.map(|principal| names.actor(principal.parse().ok()));
        let text = match &on_behalf_of {
            Some(principal) => sentence(&format!("{who}, on behalf of {principal},")),
            None => sentence(&who),
        };
        Self {
            position: recorded.position.0,
            at: recorded.recorded_at,
            stream: recorded.aggregate_type.clone(),
            event_type: recorded.event_type.clone(),
            actor: actor.cloned(),
            who,
            on_behalf_of,
            network: metadata.get(NETWORK).cloned(),
            text: capitalized(&text),
            about: About::new(recorded, event, metadata, names),
        }
    }
}

/// Reads events aloud. Names are learned on the way; those of members must be known before.
///
/// # Errors
/// When the vault is away.
pub async fn told(
    reader: &dyn EventReader,
    events: &[Recorded],
    names: &mut Names,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let mut entries = Vec::with_capacity(events.len());
    for recorded in events {
        let metadata = serde_json::from_str(&recorded.metadata).unwrap_or_default();
        entries.push(match reader.open(recorded).await {
            Ok(event) => {
                names.learn(recorded, &event);
                TimelineEntry::new(recorded, &event, &metadata, names)
            }
            Err(OpenError::Unknown(_) | OpenError::Unreadable(_)) => {
                TimelineEntry::unreadable(recorded, &metadata, names)
            }
            Err(OpenError::Unavailable(reason)) => return Err(StoreError::Unavailable(reason)),
        });
    }
    Ok(entries)
}

impl std::fmt::Display for TimelineEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.at.format("%Y-%m-%d %H:%M:%S UTC");
        write!(f, "{at}  #{}  {}", self.position, self.text)?;
        if let Some(location) = &self.about.location {
            write!(f, "  ({location})")?;
        }
        match &self.network {
            Some(network) => write!(f, "  [network {}]", network.chars().take(8).collect::<String>()),
            None => Ok(()),
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
