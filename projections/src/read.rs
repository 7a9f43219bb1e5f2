//! What can be asked of the views. Every question names the tenant; nothing is found without it.

use std::collections::HashMap;

use application::ports::StoreError;
use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, TenantId},
    log::Position,
    provider::ProviderId,
};
use uuid::Uuid;

use crate::{
    View,
    audit_entry::AuditSubject,
    connection_span::Span,
    fold::{BEHIND_ANOTHER, ROW_UNREADABLE},
    integration::{Badge, HealthStatus, IntegrationRow},
    link::{LinkRow, LinkStatus},
    report_day::DayFigures,
};

/// Which rows of a list are wanted; what is None does not matter. `S` is how a row stands by the clock.
#[derive(Clone, Debug)]
pub struct Filter<S> {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this location.
    pub location: Option<LocationId>,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// Standing so.
    pub status: Option<S>,
    /// As well as that, where rows have a health.
    pub health: Option<HealthStatus>,
}

impl<S> Filter<S> {
    /// Whether rows of this place of business and provider are wanted.
    pub(crate) fn wants(&self, customer: CustomerId, location: LocationId, provider: &ProviderId) -> bool {
        self.customer.is_none_or(|wanted| wanted == customer)
            && self.location.is_none_or(|wanted| wanted == location)
            && self.provider.as_ref().is_none_or(|wanted| wanted == provider)
    }
}

impl<S> Default for Filter<S> {
    fn default() -> Self {
        Self {
            customer: None,
            location: None,
            provider: None,
            status: None,
            health: None,
        }
    }
}

/// A page of a list, newest first.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The last row of the page before.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// The place of a row in its list: by time, then by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the link was issued or the integration created.
    pub at: Timestamp,
    /// The row's id.
    pub id: Uuid,
}

impl From<&LinkRow> for Cursor {
    fn from(row: &LinkRow) -> Self {
        Self {
            at: row.issued_at,
            id: row.id.0,
        }
    }
}

impl From<&IntegrationRow> for Cursor {
    fn from(row: &IntegrationRow) -> Self {
        Self {
            at: row.created_at,
            id: row.id.0,
        }
    }
}

/// A place in a list. A row that cannot be read still has one, so that the pages behind it are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<R> {
    /// A row.
    Readable(R),
    /// A row that cannot be read until the view is rebuilt.
    Unreadable(Cursor),
}

impl<R> Entry<R> {
    /// The row, where it can be read.
    pub fn readable(self) -> Option<R> {
        match self {
            Self::Readable(row) => Some(row),
            Self::Unreadable(_) => None,
        }
    }

    /// Where it stands in its list.
    pub fn place(&self) -> Cursor
    where
        for<'a> Cursor: From<&'a R>,
    {
        match self {
            Self::Readable(row) => row.into(),
            Self::Unreadable(place) => *place,
        }
    }
}

/// Rows that stand still, by their keys.
pub type Stale = HashMap<String, StaleReason>;

/// Why a row stands still, in a word that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, serde::Serialize)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum StaleReason {
    /// An event about it cannot be read, or not be folded into it.
    EventNotFolded,
    /// The row itself cannot be read.
    RowUnreadable,
    /// An event that it shares with a row that stands still waits behind that one's.
    BehindAnother,
}

impl StaleReason {
    /// The word for what was noted when the row was parked.
    pub fn of(noted: &str) -> Self {
        match noted {
            ROW_UNREADABLE => Self::RowUnreadable,
            BEHIND_ANOTHER => Self::BehindAnother,
            _ => Self::EventNotFolded,
        }
    }
}

/// Reads the views.
#[async_trait]
pub trait Views: Send + Sync {
    /// A link.
    async fn link(&self, tenant: TenantId, id: LinkId) -> Result<Option<LinkRow>, StoreError>;

    /// Links, newest first; `now` decides which are expired.
    async fn links(
        &self,
        tenant: TenantId,
        filter: &Filter<LinkStatus>,
        page: Page,
        now: Timestamp,
    ) -> Result<Vec<Entry<LinkRow>>, StoreError>;

    /// An integration.
    async fn integration(&self, tenant: TenantId, id: IntegrationId) -> Result<Option<IntegrationRow>, StoreError>;

    /// Integrations, newest first; `now` decides which links have expired.
    async fn integrations(
        &self,
        tenant: TenantId,
        filter: &Filter<Badge>,
        page: Page,
        now: Timestamp,
    ) -> Result<Vec<Entry<IntegrationRow>>, StoreError>;

    /// The provider's names of the listings that the tenant's other integrations stand on.
    async fn listings_in_use(
        &self,
        tenant: TenantId,
        provider: &ProviderId,
        but_for: IntegrationId,
    ) -> Result<Vec<String>, StoreError>;

    /// What was counted on each of these days (from, and up to but without), by provider and member. `now` decides which links
    /// have expired.
    async fn figures(
        &self,
        tenant: TenantId,
        days: std::ops::Range<i64>,
        now: Timestamp,
    ) -> Result<Vec<DayFigures>, StoreError>;

    /// What integrations stood on between two moments, of one customer or of all, in no order; `limit` at most.
    async fn spans(
        &self,
        tenant: TenantId,
        customer: Option<CustomerId>,
        between: std::ops::Range<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Span>, StoreError>;

    /// The keys of the rows that stand still behind an event that could not be folded, and why: what is read of them may be old.
    async fn stale(&self, view: &View) -> Result<Stale, StoreError>;

    /// Where the events about a subject stand behind a position, in order.
    async fn audit(
        &self,
        tenant: TenantId,
        subject: AuditSubject,
        after: Position,
        limit: u32,
    ) -> Result<Vec<Position>, StoreError>;
}
