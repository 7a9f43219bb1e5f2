//! Links as JSON.

use application::links::{IssuedLink, IssuedLinks};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    Timestamp,
    connect_link::{AttemptFailure, LinkEnd, RevokeReason},
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId},
    provider::ProviderId,
    trail::DeliveryFailure,
};
use projections::{
    link::{Delivery, DeliveryState, LinkRow, LinkStatus},
    read::{Stale, StaleReason},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    agency_api::{document, input::Check, mail::IfEmailed, reading::standing_still},
    problem::Problem,
};

/// A link to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct LinkToIssue {
    /// Whom it is for.
    #[schema(value_type = Uuid)]
    pub(super) customer_id: CustomerId,
    /// The customer's place of business that it connects.
    #[schema(value_type = Uuid)]
    pub(super) location_id: LocationId,
    /// The provider that it connects, as `GET /providers` names it.
    #[schema(example = "google")]
    provider: String,
    /// What the connection is called. The customer sees it.
    #[schema(min_length = 1, max_length = 200, example = "Reviews of the Old Town restaurant")]
    name: Option<String>,
    /// How long it lives; 7 days when not given, unless the installation says otherwise.
    #[schema(minimum = 1, maximum = 2160, example = 48)]
    expires_in_hours: Option<u32>,
    /// When it dies, instead of `expires_in_hours`: in 5 minutes at the earliest, in 90 days at the latest.
    expires_at: Option<DateTime<Utc>>,
    /// Whether another account at the provider may take the place of the connected one.
    #[serde(default)]
    #[schema(required = false)]
    pub(super) replace_account: bool,
    /// Whether it is sent to the customer by mail.
    #[serde(default)]
    #[schema(required = false)]
    pub(super) email: bool,
}

/// What a body asks for, once everything is found to be in order.
pub(super) struct Terms {
    pub(super) provider: ProviderId,
    pub(super) name: Option<String>,
    pub(super) life: Option<TimeDelta>,
}

impl LinkToIssue {
    /// The command's words.
    pub(super) fn checked(&self, now: Timestamp) -> Result<Terms, Problem> {
        let mut check = Check::default();
        let provider = ProviderId::parse(self.provider.as_str());
        if let Err(error) = &provider {
            check.wrong("provider", &error);
        }
        let name = check.optional_name("name", self.name.as_deref());
        let life = life(&mut check, self.expires_in_hours, self.expires_at, now);
        check.done()?;
        Ok(Terms {
            provider: provider.map_err(|error| Problem::internal(&error))?,
            name,
            life,
        })
    }
}

/// How long a link lives, where its issuer says so.
pub(super) fn life(
    check: &mut Check,
    hours: Option<u32>,
    at: Option<DateTime<Utc>>,
    now: Timestamp,
) -> Option<TimeDelta> {
    match (hours, at) {
        (Some(_), Some(_)) => {
            check.wrong("expires_at", "cannot stand beside expires_in_hours");
            None
        }
        (Some(hours), None) => Some(TimeDelta::hours(hours.into())),
        (None, Some(at)) => Some(at.trunc_subsecs(6) - now), // the log keeps whole microseconds
        (None, None) => None,
    }
}

/// A link that was just issued. Its address is here and in the answer to `reveal`, and nowhere else.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Issued {
    /// The link's id.
    #[schema(value_type = Uuid)]
    id: LinkId,
    /// The address to send to the customer. Whoever has it can use the link.
    #[schema(example = "https://connect.agency.example/c/ZqnEQMX…")]
    url: String,
    /// Whom it is for.
    #[schema(value_type = Uuid)]
    customer_id: CustomerId,
    /// The place of business that it connects.
    #[schema(value_type = Uuid)]
    location_id: LocationId,
    /// The provider that it connects.
    #[schema(value_type = String, example = "google")]
    provider: ProviderId,
    /// The connection that it creates or renews.
    #[schema(value_type = Uuid)]
    integration_id: IntegrationId,
    /// Where it stands.
    #[schema(schema_with = document::link_statuses)]
    status: LinkStatus,
    /// From this moment on it is dead.
    expires_at: DateTime<Utc>,
    /// Whether another account at the provider may take the place of the connected one.
    replace_account: bool,
    /// The live link for the same location and provider that it took the place of; that one is revoked.
    #[schema(value_type = Option<Uuid>)]
    superseded_link_id: Option<LinkId>,
    /// What becomes of the mail; missing where none was asked for.
    #[serde(flatten)]
    email: IfEmailed,
}

impl From<IssuedLinks> for Issued {
    /// The only one, with what becomes of its mail.
    fn from(mut issued: IssuedLinks) -> Self {
        let email = issued.email.as_ref().into();
        let only = Self::from(issued.links.swap_remove(0)); // a command of one link issues one
        Self { email, ..only }
    }
}

impl From<IssuedLink> for Issued {
    fn from(issued: IssuedLink) -> Self {
        Self {
            id: issued.id,
            url: issued.address,
            customer_id: issued.terms.customer,
            location_id: issued.terms.location,
            provider: issued.terms.provider,
            integration_id: issued.terms.integration,
            status: LinkStatus::Pending,
            expires_at: issued.terms.expires_at,
            replace_account: issued.terms.replaces_account,
            superseded_link_id: issued.superseded,
            email: IfEmailed::default(),
        }
    }
}

/// The address of a live link.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Address {
    /// The address to send to the customer. Whoever has it can use the link.
    #[schema(example = "https://connect.agency.example/c/ZqnEQMX…")]
    pub(super) url: String,
}

/// A link that is revoked.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Revoked {
    /// The link's id.
    #[schema(value_type = Uuid)]
    pub(super) id: LinkId,
    /// Always `revoked`.
    #[schema(schema_with = document::link_statuses)]
    pub(super) status: LinkStatus,
    /// When it was revoked for the first time.
    pub(super) ended_at: DateTime<Utc>,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Link {
    /// The link's id.
    #[schema(value_type = Uuid)]
    id: LinkId,
    /// What the connection is called.
    name: Option<String>,
    /// Whom it is for.
    #[schema(value_type = Uuid)]
    customer_id: CustomerId,
    /// The place of business that it connects.
    #[schema(value_type = Uuid)]
    location_id: LocationId,
    /// The provider that it connects.
    #[schema(value_type = String, example = "google")]
    provider: ProviderId,
    /// The connection that it creates or renews.
    #[schema(value_type = Uuid)]
    integration_id: IntegrationId,
    /// The member who asked the customer.
    #[schema(value_type = Uuid)]
    requested_by: MemberId,
    /// Where it stands: by the clock, not by the last event.
    #[schema(schema_with = document::link_statuses)]
    status: LinkStatus,
    /// When it was issued.
    issued_at: DateTime<Utc>,
    /// From this moment on it is dead.
    expires_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// Why it was revoked: `manual`, `superseded` by a fresh link, `customer_erased`, `deleted` with its connection, or
    /// `already_connected`: what it was to mend works again by other means.
    #[schema(value_type = Option<String>, example = "superseded")]
    revoke_reason: Option<RevokeReason>,
    /// What to tell the requester about a link that ended.
    #[schema(example = "This connection link expired on 21 November 2026. Issue a fresh link to try again.")]
    notice: Option<String>,
    /// Whether another account at the provider may take the place of the connected one.
    replace_account: bool,
    /// Whether a member opens it himself, to connect without the customer: it is for nobody to share, and never mailed.
    direct: bool,
    /// In how many hours somebody who looked like a person opened it.
    opened: u32,
    /// When somebody first opened it, machines included.
    first_opened_at: Option<DateTime<Utc>>,
    /// How often the customer pressed "accept".
    starts: u32,
    /// Why the latest try led nowhere. The link stayed usable.
    last_failure: Option<Failure>,
    /// When somebody last asked for a new link on the page of this ended one.
    fresh_link_asked_at: Option<DateTime<Utc>>,
    /// When the customer, signed in, was last told that the plan has no room for it. Raise the plan, and the sign-in goes on.
    plan_used_up_at: Option<DateTime<Utc>>,
    /// What became of the latest mail with it; `null` where none was asked for.
    delivery: Option<Delivered>,
    /// Whether this may be old: an event of the link could not be read, and it stands as it was before.
    stale: bool,
    /// Why: `event_not_folded`, `row_unreadable`, or `behind_another` where an event is shared with something that stands still.
    #[schema(value_type = Option<String>, example = "event_not_folded")]
    stale_reason: Option<StaleReason>,
}

/// What became of a mail.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Delivered {
    /// `queued`, `sent` (a mail server took it) or `failed`.
    #[schema(value_type = String, example = "sent")]
    state: DeliveryState,
    /// Since when.
    at: DateTime<Utc>,
    /// Why it was not delivered: `no_address`, `not_set_up`, `refused`, `unsendable` or `given_up`.
    #[schema(value_type = Option<String>, example = "refused")]
    reason: Option<DeliveryFailure>,
    /// The three digits of the mail server's answer.
    #[schema(example = 550)]
    code: Option<u16>,
}

impl From<Delivery> for Delivered {
    fn from(delivery: Delivery) -> Self {
        Self {
            state: delivery.state,
            at: delivery.at,
            reason: delivery.reason,
            code: delivery.code,
        }
    }
}

/// A try that led nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Failure {
    /// Why: `denied`, `missing_scopes`, `provider_refused`, `provider_unavailable`, `other_account`,
    /// `account_switched`, `interrupted` or `abandoned`.
    #[schema(value_type = String, example = "denied")]
    reason: AttemptFailure,
    /// When.
    at: DateTime<Utc>,
}

impl Link {
    /// A link by the clock.
    pub(in crate::agency_api) fn of(row: LinkRow, now: Timestamp) -> Self {
        let (status, ended_at) = (row.status_at(now), row.ended_at(now));
        Self {
            id: row.id,
            name: row.connection_name,
            customer_id: row.customer,
            location_id: row.location,
            provider: row.provider,
            integration_id: row.integration,
            requested_by: row.requested_by,
            status,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            ended_at,
            revoke_reason: row.details.revoke_reason,
            notice: end_of(status)
                .zip(ended_at)
                .map(|(end, at)| notice(end, row.details.revoke_reason, at)),
            replace_account: row.details.replaces_account,
            direct: row.details.is_direct,
            opened: row.details.opened.by_person,
            first_opened_at: row.details.opened.first_at,
            starts: row.details.starts,
            last_failure: row.details.last_failure.map(|failure| Failure {
                reason: failure.reason,
                at: failure.at,
            }),
            fresh_link_asked_at: row.details.fresh_link_asked_at,
            plan_used_up_at: row.details.plan_used_up_at,
            delivery: row.details.delivery.map(Delivered::from),
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

fn end_of(status: LinkStatus) -> Option<LinkEnd> {
    match status {
        LinkStatus::Pending | LinkStatus::Started => None,
        LinkStatus::Completed => Some(LinkEnd::Completed),
        LinkStatus::Declined => Some(LinkEnd::Declined),
        LinkStatus::Revoked => Some(LinkEnd::Revoked),
        LinkStatus::Expired => Some(LinkEnd::Expired),
    }
}

/// What the requester is told about a link that ended, with the date.
pub(super) fn notice(end: LinkEnd, reason: Option<RevokeReason>, at: Timestamp) -> String {
    let date = at.format("%-d %B %Y");
    match end {
        LinkEnd::Revoked if reason == Some(RevokeReason::AlreadyConnected) => {
            format!("This connection link was taken back on {date}: the connection works again without it.")
        }
        LinkEnd::Completed => format!("This connection link was used on {date}."),
        LinkEnd::Declined => format!("The customer declined on {date}. Issue a fresh link to ask again."),
        LinkEnd::Revoked => format!("This connection link was revoked on {date}. Issue a fresh link to try again."),
        LinkEnd::Expired => format!("This connection link expired on {date}. Issue a fresh link to try again."),
    }
}
