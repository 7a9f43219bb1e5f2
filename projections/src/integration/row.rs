//! A row of the `integration` view.

use domain::{
    Timestamp,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, TenantId},
    integration::{Connection, RequestOutcome},
    personal::Subject,
    provider::ProviderId,
};
use serde::{Deserialize, Serialize};

use super::Health;
use crate::view::{BadCell, Cell, Cells, ViewRow};

/// One integration, as the agency sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationRow {
    /// The integration.
    pub id: IntegrationId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The agency's client.
    pub customer: CustomerId,
    /// The place of business.
    pub location: LocationId,
    /// The provider.
    pub provider: ProviderId,
    /// When the first link for it was issued.
    pub created_at: Timestamp,
    /// The newest link for it.
    pub request: Request,
    /// What nothing is filtered or sorted by.
    pub details: IntegrationDetails,
    /// Whom the personal columns are about; stays when they are erased.
    pub subject: Option<Subject>,
    /// The e-mail address of the account at the provider.
    pub account_email: Option<String>,
    /// The name of the account at the provider.
    pub account_name: Option<String>,
    /// What the picked listing is called.
    pub listing_title: Option<String>,
    /// Where the picked listing is.
    pub listing_address: Option<String>,
}

/// The newest link for an integration, and how it ended as far as events say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The link.
    pub link: LinkId,
    /// From this moment on it is dead.
    pub expires_at: Timestamp,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// How a link for an integration ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub outcome: RequestOutcome,
    /// When.
    pub at: Timestamp,
}

/// What else an integration's row knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationDetails {
    /// What it stands on, once it was connected.
    pub standing: Option<Standing>,
    /// The link that was completed, until the connection that it made is noted.
    pub completing: Option<LinkId>,
    /// When it was deleted, unless a link was issued for it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When it was taken off its account, unless it was connected since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected_at: Option<Timestamp>,
    /// The number of its life, from 1: a link after its end begins the next one.
    #[serde(default)]
    pub life: u32,
    /// How well it is, while it is connected.
    #[serde(default)]
    pub health: Health,
}

/// What a connected integration stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Grant, generation and listing.
    pub connection: Connection,
    /// The link that made or renewed it; none where it was made directly.
    pub via: Option<LinkId>,
    /// When it worked for the first time.
    pub connected_at: Timestamp,
    /// When new credentials last took the place of old ones.
    pub reconnected_at: Option<Timestamp>,
}

/// A link that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingLink {
    /// The link.
    pub link: LinkId,
    /// From this moment on it is dead.
    pub expires_at: Timestamp,
}

/// The newest link, once it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRequest {
    /// The link.
    pub link: LinkId,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// When.
    pub at: Timestamp,
}

impl IntegrationRow {
    /// What it stands on, once it was connected.
    pub fn standing(&self) -> Option<&Standing> {
        self.details.standing.as_ref()
    }

    /// How well it is; none while it is not connected.
    pub fn health(&self) -> Option<&Health> {
        self.standing().map(|_| &self.details.health)
    }

    /// The link that is on its way, by the clock.
    pub fn pending(&self, now: Timestamp) -> Option<PendingLink> {
        self.ended(now).is_none().then_some(PendingLink {
            link: self.request.link,
            expires_at: self.request.expires_at,
        })
    }

    /// How the newest link ended, by the clock.
    pub fn last_request(&self, now: Timestamp) -> Option<LastRequest> {
        self.ended(now).map(|ended| LastRequest {
            link: self.request.link,
            outcome: ended.outcome,
            at: ended.at,
        })
    }

    fn ended(&self, now: Timestamp) -> Option<Ended> {
        let lapsed = Ended {
            outcome: RequestOutcome::Expired,
            at: self.request.expires_at,
        };
        let has_lapsed = now >= self.request.expires_at;
        self.request.ended.or(has_lapsed.then_some(lapsed))
    }
}

impl ViewRow for IntegrationRow {
    fn cells(&self) -> Vec<Cell> {
        let standing = self.standing();
        let ended = self.request.ended;
        vec![
            Cell::text(&self.id),
            Cell::text(&self.tenant),
            Cell::text(&self.customer),
            Cell::text(&self.location),
            Cell::text(&self.provider),
            Cell::time(self.created_at),
            Cell::Integer(Some(standing.is_some().into())),
            Cell::Integer(Some(self.details.disconnected_at.is_some().into())),
            Cell::Integer(Some(self.details.deleted_at.is_some().into())),
            Cell::text_or_null(standing.and_then(|standing| standing.via.as_ref())),
            Cell::text_or_null(standing.map(|standing| &standing.connection.listing.id)),
            Cell::text_or_null(self.health().map(Health::status).as_ref()),
            Cell::text(&self.request.link),
            Cell::time(self.request.expires_at),
            Cell::text_or_null(ended.map(|ended| ended.outcome).as_ref()),
            Cell::time_or_null(ended.map(|ended| ended.at)),
            Cell::document(&self.details),
            Cell::text_or_null(self.subject.as_ref()),
            Cell::Text(self.account_email.clone()),
            Cell::Text(self.account_name.clone()),
            Cell::Text(self.listing_title.clone()),
            Cell::Text(self.listing_address.clone()),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self, BadCell> {
        let (id, tenant) = (cells.parse()?, cells.parse()?);
        let (customer, location, provider) = (cells.parse()?, cells.parse()?, cells.convert()?);
        let created_at = cells.time()?;
        // They stand in the details as well; their columns are there to be filtered by.
        let (_connected, _disconnected, _deleted) = (cells.integer()?, cells.integer()?, cells.integer()?);
        let (_via_link, _listing) = (cells.text_or_null()?, cells.text_or_null()?);
        let _health = cells.text_or_null()?;
        let (link, expires_at) = (cells.parse()?, cells.time()?);
        let ended = match (cells.parse_or_null()?, cells.time_or_null()?) {
            (Some(outcome), Some(at)) => Some(Ended { outcome, at }),
            _ => None,
        };
        Ok(Self {
            id,
            tenant,
            customer,
            location,
            provider,
            created_at,
            request: Request {
                link,
                expires_at,
                ended,
            },
            details: cells.document()?,
            subject: cells.parse_or_null()?,
            account_email: cells.text_or_null()?,
            account_name: cells.text_or_null()?,
            listing_title: cells.text_or_null()?,
            listing_address: cells.text_or_null()?,
        })
    }
}
