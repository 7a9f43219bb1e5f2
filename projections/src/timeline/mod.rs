//! A recorded event as a sentence that a person can read: what `replay` prints and the audit trail answers.

mod names;
mod sentence;
#[cfg(test)]
mod tests;

pub use names::Names;

use application::{
    metadata::{ACTOR, NETWORK, ON_BEHALF_OF},
    ports::StoreError,
};
use domain::{
    Timestamp,
    event::Event,
    log::{Metadata, Recorded},
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
}

impl TimelineEntry {
    /// The sentence about an event. It depends on nothing but what is passed in; where names are missing, because nobody
    /// knows them or somebody was erased, it says "a member", "a listing" and so on.
    pub fn new(recorded: &Recorded, event: &Event, metadata: &Metadata, names: &Names) -> Self {
        Self::telling(recorded, metadata, names, |who| {
            let provider = names.provider_of(recorded, event, metadata);
            sentence::Scene { who, provider, names }.sentence(event)
        })
    }

    /// The entry of an event that cannot be opened here: a timeline leaves nothing out.
    pub fn unreadable(recorded: &Recorded, metadata: &Metadata, names: &Names) -> Self {
        let event = &recorded.event_type;
        Self::telling(recorded, metadata, names, |who| {
            format!("{who} did something that this version cannot read ({event})")
        })
    }

    fn telling(recorded: &Recorded, metadata: &Metadata, names: &Names, sentence: impl FnOnce(&str) -> String) -> Self {
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
