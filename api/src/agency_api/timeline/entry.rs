//! What a timeline is made of.

use chrono::{DateTime, Utc};
use domain::{ids::EventId, log::Recorded};
use projections::timeline::TimelineEntry;
use serde::Serialize;
use utoipa::ToSchema;

use crate::agency_api::format::{Row, cell, moment};

/// A part of a timeline, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Trail {
    /// The entries.
    pub(super) data: Vec<Entry>,
    /// Where the next part begins; `null` on the last one.
    pub(super) next_cursor: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Entry {
    /// The event's id.
    #[schema(value_type = Uuid)]
    id: EventId,
    /// When it was recorded.
    at: DateTime<Utc>,
    /// What happened, as a sentence.
    #[schema(
        example = "API key 1 of Anna Berg (owner) issued a connect link for Google, valid until 28 November 2026, 10:01 UTC"
    )]
    text: String,
    /// What happened, as a code: what it happened to, and the event's name.
    #[schema(example = "connect_link.Issued")]
    r#type: String,
    /// Who did it, in words.
    who: String,
    /// Who did it: `member:<id>`, `api_key:<number>/<member's id>`, `customer`, `system` or `operator`.
    #[schema(example = "customer")]
    actor: Option<String>,
    /// In whose place, in words.
    on_behalf_of: Option<String>,
    /// From which network: a keyed hash that says only whether two steps came from the same one.
    network: Option<String>,
    /// The customer whom it concerns.
    #[schema(format = Uuid)]
    customer_id: Option<String>,
    /// What the customer is called; `null` once the data was erased.
    customer: Option<String>,
    /// The place of business that it concerns.
    #[schema(format = Uuid)]
    location_id: Option<String>,
    /// What the place is called; `null` once the data was erased.
    location: Option<String>,
    /// The integration that it concerns.
    #[schema(format = Uuid)]
    integration_id: Option<String>,
    /// The link that it concerns.
    #[schema(format = Uuid)]
    link_id: Option<String>,
}

impl Entry {
    pub(super) fn new(recorded: &Recorded, entry: TimelineEntry) -> Self {
        Self {
            id: recorded.event_id,
            at: entry.at,
            text: entry.text,
            r#type: format!("{}.{}", entry.stream, entry.event_type),
            who: entry.who,
            actor: entry.actor,
            on_behalf_of: entry.on_behalf_of,
            network: entry.network,
            customer_id: entry.about.customer_id,
            customer: entry.about.customer,
            location_id: entry.about.location_id,
            location: entry.about.location,
            integration_id: entry.about.integration_id,
            link_id: entry.about.link_id,
        }
    }
}

impl Row for Entry {
    const COLUMNS: &'static [&'static str] = &[
        "at",
        "text",
        "who",
        "on_behalf_of",
        "customer",
        "location",
        "type",
        "actor",
        "network",
        "customer_id",
        "location_id",
        "integration_id",
        "link_id",
        "id",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            moment(self.at),
            self.text.clone(),
            self.who.clone(),
            cell(self.on_behalf_of.as_ref()),
            cell(self.customer.as_ref()),
            cell(self.location.as_ref()),
            self.r#type.clone(),
            cell(self.actor.as_ref()),
            cell(self.network.as_ref()),
            cell(self.customer_id.as_ref()),
            cell(self.location_id.as_ref()),
            cell(self.integration_id.as_ref()),
            cell(self.link_id.as_ref()),
            self.id.to_string(),
        ]
    }
}
