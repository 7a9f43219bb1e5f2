//! Integrations as JSON.

use chrono::{DateTime, Utc};
use domain::{
    Timestamp,
    ids::{CustomerId, IntegrationId, LinkId, LocationId},
    integration::RequestOutcome,
    provider::ProviderId,
};
use projections::{
    integration::{Badge as BadgeKind, IntegrationRow, LastRequest as Ended, PendingLink, badge},
    read::{Stale, StaleReason},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::health::{Health, Knowledge};
use crate::agency_api::{document, reading::standing_still};

/// An integration: the living connection of a location to a listing.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Integration {
    /// The integration's id; it stays through every reconnect.
    #[schema(value_type = Uuid)]
    id: IntegrationId,
    /// Whose it is.
    #[schema(value_type = Uuid)]
    customer_id: CustomerId,
    /// The place of business.
    #[schema(value_type = Uuid)]
    location_id: LocationId,
    /// The provider.
    #[schema(value_type = String, example = "google")]
    provider: ProviderId,
    /// How it stands, at a glance.
    badge: Badge,
    /// How well it is; `null` while it is not connected.
    health: Option<Health>,
    /// When the first link for it was issued.
    created_at: DateTime<Utc>,
    /// When it worked for the first time.
    connected_at: Option<DateTime<Utc>>,
    /// When new credentials last took the place of old ones.
    reconnected_at: Option<DateTime<Utc>>,
    /// The link that made or renewed it; `null` where a member connected directly.
    #[schema(value_type = Option<Uuid>)]
    via_link_id: Option<LinkId>,
    /// When it was taken off its account; `null` while it is connected.
    disconnected_at: Option<DateTime<Utc>>,
    /// When it was deleted; `null` again once a new link was issued for its place.
    deleted_at: Option<DateTime<Utc>>,
    /// What the customer picked: a wrong one is corrected by a fresh link.
    listing: Option<Listing>,
    /// The account at the provider that it was reached through.
    account: Option<Account>,
    /// The link that is on its way.
    pending_link: Option<Pending>,
    /// How the newest link ended.
    last_request: Option<LastRequest>,
    /// Whether this may be old: an event about it could not be read, and it stands as it was before.
    stale: bool,
    /// Why: `event_not_folded`, `row_unreadable`, or `behind_another` where an event is shared with something that stands still.
    #[schema(value_type = Option<String>, example = "event_not_folded")]
    stale_reason: Option<StaleReason>,
}

/// How an integration stands, in words, icon and colour.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Badge {
    /// How it stands, as a code.
    #[schema(schema_with = document::badges)]
    status: BadgeKind,
    /// What the badge says.
    #[schema(example = "Via Link")]
    label: &'static str,
    /// The icon beside it.
    #[schema(example = "link")]
    icon: &'static str,
    /// Its colour.
    #[schema(example = "blue")]
    colour: &'static str,
    /// Whether the connection can be used.
    usable: bool,
}

/// What the customer picked.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Listing {
    /// The provider's stable name of it.
    #[schema(example = "locations/1234567890")]
    id: String,
    /// What it is called; `null` once the data was erased.
    title: Option<String>,
    /// Where it is.
    address: Option<String>,
}

/// An account at the provider; what it is called is `null` once the data was erased.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Account {
    /// Its e-mail address.
    email: Option<String>,
    /// Its name.
    name: Option<String>,
}

/// A link that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Pending {
    /// The link.
    #[schema(value_type = Uuid)]
    link_id: LinkId,
    /// From this moment on it is dead.
    expires_at: DateTime<Utc>,
}

/// How the newest link ended.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct LastRequest {
    /// The link.
    #[schema(value_type = Uuid)]
    link_id: LinkId,
    /// How it ended: `completed`, `declined`, `revoked` or `expired`.
    #[schema(value_type = String, example = "expired")]
    outcome: RequestOutcome,
    /// When.
    at: DateTime<Utc>,
}

impl Integration {
    /// An integration by the clock.
    pub(in crate::agency_api) fn of(row: IntegrationRow, known: &Knowledge, now: Timestamp) -> Self {
        let standing = row.standing();
        Self {
            badge: badge(&row, now).into(),
            health: Health::of(&row, known, now),
            connected_at: standing.map(|standing| standing.connected_at),
            reconnected_at: standing.and_then(|standing| standing.reconnected_at),
            disconnected_at: row.details.disconnected_at,
            deleted_at: row.details.deleted_at,
            via_link_id: standing.and_then(|standing| standing.via),
            listing: standing.map(|standing| Listing {
                id: standing.connection.listing.id.clone(),
                title: row.listing_title.clone(),
                address: row.listing_address.clone(),
            }),
            account: standing.map(|_| Account {
                email: row.account_email.clone(),
                name: row.account_name.clone(),
            }),
            pending_link: row.pending(now).map(Pending::from),
            last_request: row.last_request(now).map(LastRequest::from),
            id: row.id,
            customer_id: row.customer,
            location_id: row.location,
            provider: row.provider,
            created_at: row.created_at,
            stale: false,
            stale_reason: None,
        }
    }

    /// The same, saying so if it is one of those that stand still.
    pub(super) fn among(self, stale: &Stale) -> Self {
        let (stale, stale_reason) = standing_still(stale, &self.id);
        Self {
            stale,
            stale_reason,
            ..self
        }
    }
}

impl From<BadgeKind> for Badge {
    fn from(status: BadgeKind) -> Self {
        Self {
            status,
            label: status.label(),
            icon: status.icon(),
            colour: status.colour(),
            usable: status.usable(),
        }
    }
}

impl From<PendingLink> for Pending {
    fn from(pending: PendingLink) -> Self {
        Self {
            link_id: pending.link,
            expires_at: pending.expires_at,
        }
    }
}

impl From<Ended> for LastRequest {
    fn from(ended: Ended) -> Self {
        Self {
            link_id: ended.link,
            outcome: ended.outcome,
            at: ended.at,
        }
    }
}
