//! The `link` view: one row per connect link.

mod row;
#[cfg(test)]
mod tests;

pub use row::{Delivery, DeliveryState, Failure, LinkDetails, LinkRow, LinkStatus, Opened};

use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent, LinkTerms},
    customer::{Customer, CustomerEvent},
    event::Event,
    ids::LinkId,
    personal::{Detail, Personal},
    trail::{DeliveryFailure, LINK_TRAIL, LetterKind, LinkObservation, Visitor},
};

use crate::{
    Projection,
    projection::{FoldError, Keys, Rows, Seen, id},
    view::{Column, View},
};

/// Folds a link's stream and its trail into its row.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkView;

impl LinkView {
    /// Its view.
    pub const VIEW: View = View {
        name: "link",
        version: 1,
        columns: &[
            Column::text("id"),
            Column::text("tenant"),
            Column::text("customer"),
            Column::text("location"),
            Column::text("provider"),
            Column::text("integration"),
            Column::text("requested_by"),
            Column::text("host"),
            Column::text("status"),
            Column::integer("issued_at"),
            Column::integer("expires_at"),
            Column::integer("ended_at"),
            Column::text("details"),
            Column::text("subject"),
            Column::personal("connection_name"),
        ],
        indexes: &[
            &["tenant", "issued_at", "id"],
            &["tenant", "customer", "issued_at", "id"],
            &["tenant", "location", "issued_at", "id"],
            &["status", "expires_at", "id"],
        ],
    };
}

impl Projection for LinkView {
    const VIEW: View = Self::VIEW;
    type Row = LinkRow;

    fn keys(&self, seen: &Seen<'_>) -> Keys {
        let recorded = seen.recorded;
        match (recorded.aggregate_type.as_str(), recorded.event_type.as_str()) {
            (ConnectLink::TYPE | LINK_TRAIL, _) => Keys::one(&recorded.aggregate_id),
            (Customer::TYPE, "Erased") => links_of_erased(seen),
            _ => Keys::none(),
        }
    }

    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<LinkRow>) -> Result<(), FoldError> {
        let link = &seen.recorded.aggregate_id;
        let at = seen.recorded.recorded_at;
        match seen.event {
            Some(Event::ConnectLink(ConnectLinkEvent::Issued { terms, personal, .. })) => rows.insert(
                link,
                issued(seen, id(link, "a link's stream")?, terms, personal.as_ref()),
            ),
            Some(Event::ConnectLink(event)) => rows.update(link, |row| happened(row, event, at)),
            Some(Event::LinkTrail(observation)) => rows.update(link, |row| observed(row, observation, at)),
            Some(Event::Customer(CustomerEvent::Erased { links, .. })) => {
                let here: Vec<_> = links
                    .iter()
                    .filter(|link| rows.get(&link.to_string()).is_some())
                    .collect();
                here.into_iter()
                    .try_for_each(|link| rows.update(link, |row| row.connection_name = None))
            }
            _ => Ok(()),
        }
    }
}

/// The erasure itself says which rows still hold a name.
fn links_of_erased(seen: &Seen<'_>) -> Keys {
    match seen.recorded.decode() {
        Ok(CustomerEvent::Erased { links, .. }) => Keys::many(links.iter().map(ToString::to_string)),
        _ => Keys::none(),
    }
}

fn issued(seen: &Seen<'_>, link: LinkId, terms: &LinkTerms, personal: Option<&Personal>) -> LinkRow {
    LinkRow {
        id: link,
        tenant: seen.recorded.tenant_id,
        customer: terms.customer,
        location: terms.location,
        provider: terms.provider.clone(),
        integration: terms.integration,
        requested_by: terms.requested_by,
        host: terms.host.clone(),
        status: LinkStatus::Pending,
        issued_at: seen.recorded.recorded_at,
        expires_at: terms.expires_at,
        ended_at: None,
        details: LinkDetails {
            replaces_account: terms.replaces_account,
            is_direct: terms.is_direct,
            ..LinkDetails::default()
        },
        subject: seen.recorded.personal.as_ref().map(|personal| personal.subject),
        connection_name: personal
            .and_then(|personal| personal.get(Detail::ConnectionName))
            .map(str::to_owned),
    }
}

fn happened(row: &mut LinkRow, event: &ConnectLinkEvent, at: Timestamp) {
    match event {
        ConnectLinkEvent::Issued { .. } | ConnectLinkEvent::Authorized { .. } => {}
        ConnectLinkEvent::Started { .. } => {
            row.status = LinkStatus::Started;
            row.details.starts += 1;
        }
        ConnectLinkEvent::AttemptFailed { reason, .. } => {
            row.details.last_failure = Some(Failure { reason: *reason, at });
        }
        ConnectLinkEvent::Completed { .. } => row.end(LinkStatus::Completed, at),
        ConnectLinkEvent::Declined {} => row.end(LinkStatus::Declined, at),
        ConnectLinkEvent::Revoked { reason, .. } => {
            row.details.revoke_reason = Some(*reason);
            row.end(LinkStatus::Revoked, at);
        }
        ConnectLinkEvent::Expired { expires_at } => row.end(LinkStatus::Expired, *expires_at),
    }
}

fn observed(row: &mut LinkRow, observation: &LinkObservation, at: Timestamp) {
    match observation {
        LinkObservation::Opened { visitor } => {
            let opened = &mut row.details.opened;
            match visitor {
                Visitor::Person => opened.by_person += 1,
                Visitor::LikelyAutomated => opened.by_machine += 1,
            }
            opened.first_at.get_or_insert(at);
            opened.last_at = Some(at);
        }
        LinkObservation::FreshLinkAsked {} => row.details.fresh_link_asked_at = Some(at),
        LinkObservation::PlanUsedUp {} => row.details.plan_used_up_at = Some(at),
        LinkObservation::MailAsked { .. } => row.details.delivery = Some(delivery(DeliveryState::Queued, at)),
        LinkObservation::Delivered {
            letter: LetterKind::Link | LetterKind::Reminder,
        } => row.details.delivery = Some(delivery(DeliveryState::Sent, at)),
        LinkObservation::DeliveryFailed {
            letter: LetterKind::Link | LetterKind::Reminder,
            reason,
            code,
            ..
        } => row.details.delivery = Some(undelivered(*reason, *code, at)),
        // Receipts say nothing about the way of the link.
        LinkObservation::Delivered { .. }
        | LinkObservation::DeliveryFailed { .. }
        | LinkObservation::Revealed {}
        | LinkObservation::CallbackRejected { .. } => {}
    }
}

fn delivery(state: DeliveryState, at: Timestamp) -> Delivery {
    Delivery {
        state,
        at,
        reason: None,
        code: None,
    }
}

fn undelivered(reason: DeliveryFailure, code: Option<u16>, at: Timestamp) -> Delivery {
    Delivery {
        reason: Some(reason),
        code,
        ..delivery(DeliveryState::Failed, at)
    }
}
