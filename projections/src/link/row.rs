//! A row of the `link` view.

use domain::{
    Timestamp,
    connect_link::{AttemptFailure, RevokeReason},
    host::HostName,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId, TenantId},
    personal::Subject,
    provider::ProviderId,
    trail::DeliveryFailure,
};
use serde::{Deserialize, Serialize};

use crate::view::{BadCell, Cell, Cells, ViewRow};

/// Where a link stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LinkStatus {
    /// Issued; nobody pressed "accept" yet.
    Pending,
    /// An attempt began.
    Started,
    /// A connection was made.
    Completed,
    /// The customer said no.
    Declined,
    /// The agency took it back.
    Revoked,
    /// Its time had come.
    Expired,
}

impl LinkStatus {
    /// Whether a link that stands so can still be used, if its time has not come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Started)
    }
}

/// One link, as the agency sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// The link.
    pub id: LinkId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Whom it is for.
    pub customer: CustomerId,
    /// The place of business that it connects.
    pub location: LocationId,
    /// The provider that it connects.
    pub provider: ProviderId,
    /// The connection that it creates or renews.
    pub integration: IntegrationId,
    /// The member who asked the customer.
    pub requested_by: MemberId,
    /// The only host on which it opens.
    pub host: HostName,
    /// Where it stands as far as its events say; see [`Self::status_at`].
    pub status: LinkStatus,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From this moment on it is dead.
    pub expires_at: Timestamp,
    /// When it ended as far as its events say.
    pub ended_at: Option<Timestamp>,
    /// What nothing is filtered or sorted by.
    pub details: LinkDetails,
    /// Whom the personal columns are about; stays when they are erased.
    pub subject: Option<Subject>,
    /// The name that the agency gave to the connection.
    pub connection_name: Option<String>,
}

/// What else a link's row knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkDetails {
    /// Whether another provider account may take the place of the connected one.
    pub replaces_account: bool,
    /// Whether a member opens it himself, to connect without the customer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_direct: bool,
    /// Why it was revoked.
    pub revoke_reason: Option<RevokeReason>,
    /// Why the latest attempt led nowhere.
    pub last_failure: Option<Failure>,
    /// Who opened it, and when.
    pub opened: Opened,
    /// How often the customer pressed "accept".
    pub starts: u32,
    /// When somebody last asked for a new link on the page of this ended one.
    pub fresh_link_asked_at: Option<Timestamp>,
    /// When the customer was last told that the plan has no room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_used_up_at: Option<Timestamp>,
    /// What became of the latest mail with it; none where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// Since when.
    pub at: Timestamp,
    /// Why it was not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeliveryFailure>,
    /// The three digits of the mail server's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits to be sent.
    Queued,
    /// A mail server took it.
    Sent,
    /// It will not be delivered.
    Failed,
}

/// Why an attempt led nowhere, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub reason: AttemptFailure,
    /// When.
    pub at: Timestamp,
}

/// The openings of a link. The log keeps one per kind of visitor and hour, so these count hours, not requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// By what looked like a person.
    pub by_person: u32,
    /// By what looked like a mail scanner or another machine.
    pub by_machine: u32,
    /// The first time.
    pub first_at: Option<Timestamp>,
    /// The last time.
    pub last_at: Option<Timestamp>,
}

impl LinkRow {
    /// Where the link stands by the clock: one whose time has come is expired, whether an event says so yet or not.
    pub fn status_at(&self, now: Timestamp) -> LinkStatus {
        if self.status.is_open() && now >= self.expires_at {
            LinkStatus::Expired
        } else {
            self.status
        }
    }

    /// When the link ended by the clock.
    pub fn ended_at(&self, now: Timestamp) -> Option<Timestamp> {
        let lapsed = || (self.status_at(now) == LinkStatus::Expired).then_some(self.expires_at);
        self.ended_at.or_else(lapsed)
    }

    /// The integration that it made or renewed.
    pub fn completed_integration(&self) -> Option<IntegrationId> {
        (self.status == LinkStatus::Completed).then_some(self.integration)
    }

    pub(super) fn end(&mut self, status: LinkStatus, at: Timestamp) {
        self.status = status;
        self.ended_at = Some(at);
    }
}

impl ViewRow for LinkRow {
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.id),
            Cell::text(&self.tenant),
            Cell::text(&self.customer),
            Cell::text(&self.location),
            Cell::text(&self.provider),
            Cell::text(&self.integration),
            Cell::text(&self.requested_by),
            Cell::text(&self.host),
            Cell::text(&self.status),
            Cell::time(self.issued_at),
            Cell::time(self.expires_at),
            Cell::time_or_null(self.ended_at),
            Cell::document(&self.details),
            Cell::text_or_null(self.subject.as_ref()),
            Cell::Text(self.connection_name.clone()),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self, BadCell> {
        Ok(Self {
            id: cells.parse()?,
            tenant: cells.parse()?,
            customer: cells.parse()?,
            location: cells.parse()?,
            provider: cells.convert()?,
            integration: cells.parse()?,
            requested_by: cells.parse()?,
            host: cells.convert()?,
            status: cells.parse()?,
            issued_at: cells.time()?,
            expires_at: cells.time()?,
            ended_at: cells.time_or_null()?,
            details: cells.document()?,
            subject: cells.parse_or_null()?,
            connection_name: cells.text_or_null()?,
        })
    }
}
