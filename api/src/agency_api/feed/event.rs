//! An event as the feed gives it.

use std::collections::BTreeMap;

use application::metadata::{
    ACTOR, CAUSATION, CUSTOMER, INTEGRATION, LINK, LOCATION, NETWORK, ON_BEHALF_OF, REQUEST_ID,
};
use chrono::{DateTime, Utc};
use domain::{
    ids::EventId,
    log::{Metadata, Recorded},
    personal::{Detail, Personal, Subject},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::types;

/// Hashes of secrets prove nothing to a reader, so they stay where they are.
const KEPT_BACK: [&str; 2] = ["token_hash", "secret_hash"];

/// A part of the feed, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Events {
    /// The events.
    pub(super) data: Vec<FedEvent>,
    /// Where the feed goes on: keep it and ask with it again, now or in years.
    pub(super) next_cursor: String,
    /// Whether there is more already.
    pub(super) has_more: bool,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct FedEvent {
    /// Where the feed goes on after this event.
    cursor: String,
    /// The event's own id: the same however often it is read.
    #[schema(value_type = Uuid)]
    id: EventId,
    /// When it was recorded. Never earlier than the event before it.
    at: DateTime<Utc>,
    /// What happened: what it happened to, and the event's name.
    #[schema(example = "connect_link.Completed")]
    r#type: String,
    /// The version of the shape of `data`.
    #[schema(example = "1")]
    version: String,
    /// The id of what it happened to: the link, the integration ...
    stream_id: String,
    /// The event's place in the story of that one thing, from 1.
    sequence: u64,
    /// What the event says, as it was recorded.
    #[schema(value_type = Object)]
    data: Value,
    /// Who did it: `member:<id>`, `api_key:<number>/<member's id>`, `customer`, `system` or `operator`.
    actor: Option<String>,
    /// In whose place.
    on_behalf_of: Option<String>,
    /// The call that led here: its `X-Request-Id`.
    #[schema(format = Uuid)]
    request_id: Option<String>,
    /// The event that led here.
    #[schema(format = Uuid)]
    causation_id: Option<String>,
    /// From which network: a keyed hash that says only whether two events came from the same one.
    network: Option<String>,
    /// The customer whom it concerns.
    #[schema(format = Uuid)]
    customer_id: Option<String>,
    /// The place of business that it concerns.
    #[schema(format = Uuid)]
    location_id: Option<String>,
    /// The integration that it concerns.
    #[schema(format = Uuid)]
    integration_id: Option<String>,
    /// The link that it concerns.
    #[schema(format = Uuid)]
    link_id: Option<String>,
    /// Whom its personal data is about: `customer:<id>` or `member:<id>`.
    #[schema(value_type = Option<String>)]
    personal_subject: Option<Subject>,
    /// The personal data, for keys with the scope `personal:read`; `null` where there is none or it was erased.
    #[serde(skip_serializing_if = "Shown::is_withheld")]
    #[schema(value_type = Option<Object>)]
    personal: Shown,
}

/// What a reader gets to see of an event's personal data.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Shown {
    /// It is none of this reader's business.
    Withheld,
    /// What is left of it.
    Open(Option<BTreeMap<Detail, String>>),
}

impl Shown {
    /// What is left of personal data, for somebody who may see it.
    pub(super) fn open(personal: Option<Personal>) -> Self {
        Self::Open(personal.map(|personal| personal.facts))
    }

    fn is_withheld(&self) -> bool {
        matches!(self, Self::Withheld)
    }
}

impl FedEvent {
    /// Where the feed goes on after it.
    pub(super) fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The event, with what may be shown of its personal data.
    pub(super) fn new(recorded: &Recorded, cursor: String, personal: Shown) -> Self {
        let mut around: Metadata = serde_json::from_str(&recorded.metadata).unwrap_or_default();
        let mut id = |key| around.remove(key);
        Self {
            cursor,
            id: recorded.event_id,
            at: recorded.recorded_at,
            r#type: types::name(recorded),
            version: recorded.event_version.clone(),
            stream_id: recorded.aggregate_id.clone(),
            sequence: recorded.sequence,
            data: data(recorded),
            actor: id(ACTOR),
            on_behalf_of: id(ON_BEHALF_OF),
            request_id: id(REQUEST_ID),
            causation_id: id(CAUSATION),
            network: id(NETWORK),
            customer_id: id(CUSTOMER),
            location_id: id(LOCATION),
            integration_id: id(INTEGRATION),
            link_id: id(LINK),
            personal_subject: recorded.personal.as_ref().map(|personal| personal.subject),
            personal,
        }
    }
}

/// What the event says, without its name around it. It is given as it stands, in the version that it has: nothing is skipped
/// because this node cannot read it.
fn data(recorded: &Recorded) -> Value {
    let payload: Option<Map<String, Value>> = serde_json::from_str(&recorded.payload).ok();
    let mut data = payload.and_then(|mut payload| payload.remove(&recorded.event_type));
    if let Some(Value::Object(members)) = &mut data {
        members.retain(|name, _| !KEPT_BACK.contains(&name.as_str()));
    }
    data.unwrap_or_default()
}
