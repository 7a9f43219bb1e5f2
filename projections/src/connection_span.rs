//! The `connection_span` view: since when an integration stood on which listing, for as long as there are events.
//!
//! One row per integration keeps its place and who asked last; one row per (re)connection is put beside it and never changed. A
//! span ends where the integration's next row begins, which may say that nothing is there any more: the reader sees to that. So
//! who could use what on a day, and for how many minutes, is asked of any day.

use application::metadata::{ACTOR, Actor, LINK};
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    event::Event,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId, TenantId},
    integration::{Connection, Integration, IntegrationEvent, Slot},
    provider::ProviderId,
};

use crate::{
    Projection,
    projection::{FoldError, Keys, Rows, Seen, id},
    view::{BadCell, Cell, Cells, Column, View, ViewRow},
};

/// An integration's place, or a (re)connection of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSpanRow {
    /// The integration's id, with the event's position behind it.
    pub key: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// The integration.
    pub integration: IntegrationId,
    /// The customer.
    pub customer: CustomerId,
    /// The place of business.
    pub location: LocationId,
    /// The provider.
    pub provider: ProviderId,
    /// The member who asked the customer.
    pub member: Option<MemberId>,
    /// Since when it is so; none in the row of the place.
    pub since: Option<Timestamp>,
    /// The provider's name of what the customer picked; none in the row of the place, and when nothing is connected any more.
    pub listing: Option<String>,
    /// The link that led there.
    pub via: Option<LinkId>,
}

impl ViewRow for ConnectionSpanRow {
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.key),
            Cell::text(&self.tenant),
            Cell::text(&self.integration),
            Cell::text(&self.customer),
            Cell::text(&self.location),
            Cell::text(&self.provider),
            Cell::text_or_null(self.member.as_ref()),
            Cell::time_or_null(self.since),
            Cell::Text(self.listing.clone()),
            Cell::text_or_null(self.via.as_ref()),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self, BadCell> {
        Ok(Self {
            key: cells.parse()?,
            tenant: cells.parse()?,
            integration: cells.parse()?,
            customer: cells.parse()?,
            location: cells.parse()?,
            provider: cells.convert()?,
            member: cells.parse_or_null()?,
            since: cells.time_or_null()?,
            listing: cells.text_or_null()?,
            via: cells.parse_or_null()?,
        })
    }
}

/// A time during which an integration stood on one listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What, where, and since when.
    pub row: ConnectionSpanRow,
    /// When the next one began; none while it lasts.
    pub until: Option<Timestamp>,
}

/// Notes each connection and reconnection.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionSpanView;

impl ConnectionSpanView {
    /// Its view.
    pub const VIEW: View = View {
        name: "connection_span",
        version: 1,
        columns: &[
            Column::text("key"),
            Column::text("tenant"),
            Column::text("integration"),
            Column::text("customer"),
            Column::text("location"),
            Column::text("provider"),
            Column::text("member"),
            Column::integer("since"),
            Column::text("listing"),
            Column::text("via_link"),
        ],
        indexes: &[&["tenant", "since"], &["tenant", "customer", "since"]],
    };
}

impl Projection for ConnectionSpanView {
    const VIEW: View = Self::VIEW;
    type Row = ConnectionSpanRow;

    fn keys(&self, seen: &Seen<'_>) -> Keys {
        let recorded = seen.recorded;
        match (recorded.aggregate_type.as_str(), recorded.event_type.as_str()) {
            (Integration::TYPE, "LinkRequested") => Keys::one(&recorded.aggregate_id),
            (Integration::TYPE, "Connected" | "Reconnected" | "Disconnected" | "Deleted") => {
                Keys::many([recorded.aggregate_id.clone(), span_key(seen)])
            }
            _ => Keys::none(),
        }
    }

    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<ConnectionSpanRow>) -> Result<(), FoldError> {
        match seen.event {
            Some(Event::Integration(IntegrationEvent::LinkRequested { slot, .. })) => {
                let mut place = place(seen, slot)?;
                // A link that the server issues by itself is asked for by whoever asked before.
                let before = rows.get(&place.key).and_then(|before| before.member);
                place.member = place.member.or(before);
                rows.insert(&place.key.clone(), place)
            }
            Some(Event::Integration(
                IntegrationEvent::Connected { connection, .. } | IntegrationEvent::Reconnected { connection, .. },
            )) => begin(seen, Some(connection), rows),
            Some(Event::Integration(IntegrationEvent::Disconnected {} | IntegrationEvent::Deleted {})) => {
                begin(seen, None, rows)
            }
            _ => Ok(()),
        }
    }
}

fn place(seen: &Seen<'_>, slot: &Slot) -> Result<ConnectionSpanRow, FoldError> {
    let actor: Option<Actor> = seen.id(ACTOR);
    Ok(ConnectionSpanRow {
        key: seen.recorded.aggregate_id.clone(),
        tenant: seen.recorded.tenant_id,
        integration: id(&seen.recorded.aggregate_id, "an integration's stream")?,
        customer: slot.customer,
        location: slot.location,
        provider: slot.provider.clone(),
        member: actor.and_then(Actor::member),
        since: None,
        listing: None,
        via: None,
    })
}

/// From here on it stands on that, or on nothing.
fn begin(
    seen: &Seen<'_>,
    connection: Option<&Connection>,
    rows: &mut Rows<ConnectionSpanRow>,
) -> Result<(), FoldError> {
    let place = &seen.recorded.aggregate_id;
    let place = rows.get(place).ok_or_else(|| FoldError::NoRow(place.clone()))?;
    let span = ConnectionSpanRow {
        key: span_key(seen),
        since: Some(seen.recorded.recorded_at),
        listing: connection.map(|connection| connection.listing.id.clone()),
        via: seen.id(LINK),
        ..place.clone()
    };
    rows.insert(&span_key(seen), span)
}

/// Keys of one integration follow the order of the log.
fn span_key(seen: &Seen<'_>) -> String {
    format!("{}/{:020}", seen.recorded.aggregate_id, seen.recorded.position.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fold::folded,
        stories::{Story, World, anna, google, integration, link, minute},
    };

    #[test]
    fn each_connection_is_kept_with_where_and_through_which_link() {
        let fresh = World::default().with_link(2);
        let story = Story::new()
            .issued()
            .completed()
            .about(fresh)
            .issued()
            .completed_again();
        let table = folded(&ConnectionSpanView, &story);
        let span = |position: u64| {
            table
                .row(&format!("{}/{position:020}", integration()))
                .cloned()
                .unwrap()
        };
        let (first, second) = (span(6), span(13));
        assert_eq!((first.provider.clone(), first.member), (google(), Some(anna())));
        assert_eq!((first.since, first.via), (Some(minute(5)), Some(link())));
        assert_eq!((second.since, second.via), (Some(minute(12)), Some(fresh.link)));
        assert_eq!(
            ConnectionSpanRow::from_cells(&mut Cells::new(second.cells())),
            Ok(second.clone())
        );
        assert_eq!(second.cells().len(), ConnectionSpanView::VIEW.columns.len());
    }
}
