//! The `integration` view: one row per integration, with what its badge is derived from.

mod badge;
mod health;
mod row;
#[cfg(test)]
mod tests;

pub use badge::{Badge, badge};
pub use health::{Broken, Health, HealthStatus, Said};
pub use row::{Ended, IntegrationDetails, IntegrationRow, LastRequest, PendingLink, Request, Standing};

use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent, LinkTerms},
    customer::{Customer, CustomerEvent},
    event::Event,
    ids::{IntegrationId, LinkId},
    integration::{Connection, Integration, IntegrationEvent, RequestOutcome, Via},
    personal::{Detail, Personal},
};

use crate::{
    Projection,
    projection::{FoldError, Keys, Rows, Seen, id},
    view::{Column, View},
};

/// Folds an integration's stream, and the issuing of links for it, into its row.
///
/// A row is born when the first link for it is issued: `Issued` says everything that `LinkRequested` of the same commit does,
/// and when the link expires.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntegrationView;

impl IntegrationView {
    /// Its view.
    pub const VIEW: View = View {
        name: "integration",
        version: 4,
        columns: &[
            Column::text("id"),
            Column::text("tenant"),
            Column::text("customer"),
            Column::text("location"),
            Column::text("provider"),
            Column::integer("created_at"),
            Column::integer("connected"),
            Column::integer("disconnected"),
            Column::integer("deleted"),
            Column::text("via_link"),
            Column::text("listing"),
            Column::text("health"),
            Column::text("request_link"),
            Column::integer("request_expires_at"),
            Column::text("request_outcome"),
            Column::integer("request_ended_at"),
            Column::text("details"),
            Column::text("subject"),
            Column::personal("account_email"),
            Column::personal("account_name"),
            Column::personal("listing_title"),
            Column::personal("listing_address"),
        ],
        indexes: &[
            &["tenant", "created_at", "id"],
            &["tenant", "customer", "created_at", "id"],
            &["tenant", "location", "created_at", "id"],
            &["tenant", "provider", "listing"],
        ],
    };
}

impl Projection for IntegrationView {
    const VIEW: View = Self::VIEW;
    type Row = IntegrationRow;

    fn keys(&self, seen: &Seen<'_>) -> Keys {
        let recorded = seen.recorded;
        match (recorded.aggregate_type.as_str(), recorded.event_type.as_str()) {
            (Integration::TYPE, _) => Keys::one(&recorded.aggregate_id),
            (Customer::TYPE, "Erased") => integrations_of_erased(seen),
            (ConnectLink::TYPE, "Issued") => integration_of_issued(seen).map_or_else(Keys::none, |id| Keys::one(&id)),
            _ => Keys::none(),
        }
    }

    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<IntegrationRow>) -> Result<(), FoldError> {
        match seen.event {
            Some(Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. })) => {
                let link = id(&seen.recorded.aggregate_id, "a link's stream")?;
                request(seen, link, terms, rows)
            }
            Some(Event::Integration(event)) => happened(seen, event, rows),
            Some(Event::Customer(CustomerEvent::Erased { integrations, .. })) => {
                let is_here = |id: &&IntegrationId| rows.get(&id.to_string()).is_some();
                let here: Vec<_> = integrations.iter().filter(is_here).collect();
                here.into_iter()
                    .try_for_each(|id| rows.update(id, |row| name(row, None)))
            }
            _ => Ok(()),
        }
    }
}

/// The erasure itself says which rows still hold names.
fn integrations_of_erased(seen: &Seen<'_>) -> Keys {
    match seen.recorded.decode() {
        Ok(CustomerEvent::Erased { integrations, .. }) => Keys::many(integrations.iter().map(ToString::to_string)),
        _ => Keys::none(),
    }
}

/// The terms say it; were they unreadable, the metadata still would, so that the right row is parked.
fn integration_of_issued(seen: &Seen<'_>) -> Option<String> {
    match seen.recorded.decode() {
        Ok(ConnectLinkEvent::Issued { terms, .. }) => Some(terms.integration.to_string()),
        _ => seen.about(application::metadata::INTEGRATION).map(str::to_owned),
    }
}

fn request(seen: &Seen<'_>, link: LinkId, terms: &LinkTerms, rows: &mut Rows<IntegrationRow>) -> Result<(), FoldError> {
    let request = Request {
        link,
        expires_at: terms.expires_at,
        ended: None,
    };
    if rows.get(&terms.integration.to_string()).is_some() {
        return rows.update(&terms.integration, |row| {
            row.request = request;
            row.details.life += u32::from(row.details.deleted_at.take().is_some());
        });
    }
    let row = IntegrationRow {
        id: terms.integration,
        tenant: seen.recorded.tenant_id,
        customer: terms.customer,
        location: terms.location,
        provider: terms.provider.clone(),
        created_at: seen.recorded.recorded_at,
        request,
        details: IntegrationDetails {
            life: 1,
            ..IntegrationDetails::default()
        },
        subject: None,
        account_email: None,
        account_name: None,
        listing_title: None,
        listing_address: None,
    };
    rows.insert(&terms.integration, row)
}

fn happened(seen: &Seen<'_>, event: &IntegrationEvent, rows: &mut Rows<IntegrationRow>) -> Result<(), FoldError> {
    let integration: IntegrationId = id(&seen.recorded.aggregate_id, "an integration's stream")?;
    let at = seen.recorded.recorded_at;
    match event {
        IntegrationEvent::LinkRequested { .. } | IntegrationEvent::SyncRequested { .. } => Ok(()),
        IntegrationEvent::CapabilityChanged { capability, state } => rows.update(&integration, |row| {
            let said = Said {
                state: *state,
                since: at,
            };
            row.details.health.capabilities.insert(*capability, said);
        }),
        IntegrationEvent::NeedsReconnect { reason } => rows.update(&integration, |row| {
            row.details.health.broken = Some(Broken {
                reason: *reason,
                since: at,
            });
        }),
        IntegrationEvent::Recovered {} => rows.update(&integration, |row| row.details.health.broken = None),
        IntegrationEvent::LinkClosed { link, outcome } => {
            rows.update(&integration, |row| close(row, *link, *outcome, at))
        }
        IntegrationEvent::Connected {
            connection,
            via,
            personal,
        }
        | IntegrationEvent::Reconnected {
            connection,
            via,
            personal,
        } => rows.update(&integration, |row| {
            connect(row, connection, *via, at);
            row.subject = seen.recorded.personal.as_ref().map(|personal| personal.subject);
            name(row, personal.as_ref());
        }),
        IntegrationEvent::Disconnected {} => rows.update(&integration, |row| disconnect(row, at)),
        IntegrationEvent::Deleted {} => rows.update(&integration, |row| delete(row, at)),
    }
}

/// The end of a link that another one took the place of is no news. An expired link ended when its time had come, not when
/// somebody noticed.
fn close(row: &mut IntegrationRow, link: LinkId, outcome: RequestOutcome, at: Timestamp) {
    if row.request.link == link {
        let at = match outcome {
            RequestOutcome::Expired => row.request.expires_at,
            _ => at,
        };
        row.request.ended = Some(Ended { outcome, at });
        row.details.completing = (outcome == RequestOutcome::Completed).then_some(link);
    }
}

/// It stands on nothing, and is called nothing, until it is connected again.
fn disconnect(row: &mut IntegrationRow, at: Timestamp) {
    row.details.standing = None;
    row.details.disconnected_at = Some(at);
    row.details.health = Health::default();
    name(row, None);
}

/// Nothing stands on it any more, and its names are gone. How its newest link ended stays as it was: the commit that deletes it has
/// closed one that was on its way before.
fn delete(row: &mut IntegrationRow, at: Timestamp) {
    row.details = IntegrationDetails {
        deleted_at: Some(at),
        life: row.details.life,
        ..IntegrationDetails::default()
    };
    let outcome = RequestOutcome::Revoked;
    row.request.ended.get_or_insert(Ended { outcome, at });
    name(row, None);
}

/// A link that was completed just before, in the same stream, is what it was connected through, unless a member opened it.
/// What the provider said of a listing says nothing of another one.
fn connect(row: &mut IntegrationRow, connection: &Connection, via: Via, at: Timestamp) {
    row.details.disconnected_at = None;
    let before = row.details.standing.take();
    let link = row.details.completing.take();
    row.details.health.broken = None;
    if before
        .as_ref()
        .is_none_or(|before| before.connection.listing != connection.listing)
    {
        row.details.health.capabilities.clear();
    }
    row.details.standing = Some(Standing {
        connection: connection.clone(),
        via: link.filter(|_| via == Via::Link),
        connected_at: before.as_ref().map_or(at, |before| before.connected_at),
        reconnected_at: before.map(|_| at),
    });
}

/// Another account or listing leaves nothing of the old one's names behind.
fn name(row: &mut IntegrationRow, personal: Option<&Personal>) {
    let fact = |detail| personal.and_then(|personal| personal.get(detail)).map(str::to_owned);
    row.account_email = fact(Detail::AccountEmail);
    row.account_name = fact(Detail::AccountName);
    row.listing_title = fact(Detail::ListingTitle);
    row.listing_address = fact(Detail::ListingAddress);
}
