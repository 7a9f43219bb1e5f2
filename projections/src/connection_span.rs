//! The `connection_span` view: since when an integration stood on which listing, and whether it worked, for as long as there are
//! events.
//!
//! One row per integration keeps its place, who asked last and how it stands; one row per change of that is put beside it and never
//! changed. A span ends where the integration's next row begins, which may say that nothing is there any more: the reader sees to
//! that. So who could use what on a day, for how many minutes, and how long repairs took, is asked of any day.

use application::metadata::{ACTOR, Actor, LINK};
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    event::Event,
    grant::LossReason,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId, TenantId},
    integration::{Integration, IntegrationEvent, Slot},
    provider::ProviderId,
};

use crate::{
    Projection,
    projection::{FoldError, Keys, Rows, Seen, id},
    view::{BadCell, Cell, Cells, Column, View, ViewRow},
};

/// An integration's place and how it stands now, or a time since when it stood so.
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
    /// The provider's name of what the customer picked; none before it was connected, and when nothing is connected any more.
    pub listing: Option<String>,
    /// The link that led there.
    pub via: Option<LinkId>,
    /// Why it does not work without a new sign-in, while that is so.
    pub broken: Option<LossReason>,
    /// Since when it does not work. In the row that its repair began: since when it had not worked.
    pub down_since: Option<Timestamp>,
}

impl ConnectionSpanRow {
    /// How many seconds it had not worked, where this is its repair.
    pub fn seconds_to_repair(&self) -> Option<i64> {
        let down = self.since? - self.down_since?;
        (self.broken.is_none() && self.listing.is_some()).then(|| down.num_seconds())
    }
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
            Cell::text_or_null(self.broken.as_ref()),
            Cell::time_or_null(self.down_since),
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
            broken: cells.parse_or_null()?,
            down_since: cells.time_or_null()?,
        })
    }
}

/// A time during which an integration stood on one listing, and worked or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What, where, and since when.
    pub row: ConnectionSpanRow,
    /// When the next one began; none while it lasts.
    pub until: Option<Timestamp>,
}

/// Notes each connection, and whenever one stops or begins to work.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionSpanView;

impl ConnectionSpanView {
    /// Its view.
    pub const VIEW: View = View {
        name: "connection_span",
        version: 2,
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
            Column::text("broken"),
            Column::integer("down_since"),
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
            (
                Integration::TYPE,
                "Connected" | "Reconnected" | "NeedsReconnect" | "Recovered" | "Disconnected" | "Deleted",
            ) => Keys::many([recorded.aggregate_id.clone(), span_key(seen)]),
            _ => Keys::none(),
        }
    }

    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<ConnectionSpanRow>) -> Result<(), FoldError> {
        match seen.event {
            Some(Event::Integration(IntegrationEvent::LinkRequested { slot, .. })) => {
                let place = place(seen, slot, rows)?;
                rows.insert(&place.key.clone(), place)
            }
            Some(Event::Integration(event)) => stands(seen, event, rows),
            _ => Ok(()),
        }
    }
}

/// Where it is and who asks. How it stands, a link that is on its way does not change.
fn place(seen: &Seen<'_>, slot: &Slot, rows: &Rows<ConnectionSpanRow>) -> Result<ConnectionSpanRow, FoldError> {
    let before = rows.get(&seen.recorded.aggregate_id);
    let actor: Option<Actor> = seen.id(ACTOR);
    // A link that the server issues by itself is asked for by whoever asked before.
    let member = actor.and_then(Actor::member);
    Ok(ConnectionSpanRow {
        key: seen.recorded.aggregate_id.clone(),
        tenant: seen.recorded.tenant_id,
        integration: id(&seen.recorded.aggregate_id, "an integration's stream")?,
        customer: slot.customer,
        location: slot.location,
        provider: slot.provider.clone(),
        member: member.or(before.and_then(|before| before.member)),
        since: None,
        listing: before.and_then(|before| before.listing.clone()),
        via: before.and_then(|before| before.via),
        broken: before.and_then(|before| before.broken),
        down_since: before.and_then(|before| before.down_since),
    })
}

/// From here on it stands differently, if the event says so.
fn stands(seen: &Seen<'_>, event: &IntegrationEvent, rows: &mut Rows<ConnectionSpanRow>) -> Result<(), FoldError> {
    let key = &seen.recorded.aggregate_id;
    let before = || rows.get(key).cloned().ok_or_else(|| FoldError::NoRow(key.clone()));
    let at = seen.recorded.recorded_at;
    let now = match event {
        IntegrationEvent::Connected { connection, .. } | IntegrationEvent::Reconnected { connection, .. } => {
            ConnectionSpanRow {
                listing: Some(connection.listing.id.clone()),
                via: seen.id(LINK),
                broken: None,
                ..before()?
            }
        }
        IntegrationEvent::NeedsReconnect { reason } => ConnectionSpanRow {
            broken: Some(*reason),
            down_since: Some(at),
            ..before()?
        },
        IntegrationEvent::Recovered {} => ConnectionSpanRow {
            broken: None,
            ..before()?
        },
        IntegrationEvent::Disconnected {} | IntegrationEvent::Deleted {} => ConnectionSpanRow {
            listing: None,
            via: seen.id(LINK),
            broken: None,
            ..before()?
        },
        _ => return Ok(()),
    };
    let span = ConnectionSpanRow {
        key: span_key(seen),
        since: Some(at),
        ..now.clone()
    };
    rows.insert(&span_key(seen), span)?;
    let down_since = now.down_since.filter(|_| now.broken.is_some());
    rows.update(key, |row| *row = ConnectionSpanRow { down_since, ..now })
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
        assert_eq!((first.seconds_to_repair(), second.seconds_to_repair()), (None, None));
        assert_eq!((first.provider.clone(), first.member), (google(), Some(anna())));
        assert_eq!((first.since, first.via), (Some(minute(5)), Some(link())));
        assert_eq!((second.since, second.via), (Some(minute(12)), Some(fresh.link)));
        assert_eq!(
            ConnectionSpanRow::from_cells(&mut Cells::new(second.cells())),
            Ok(second.clone())
        );
        assert_eq!(second.cells().len(), ConnectionSpanView::VIEW.columns.len());
    }

    /// Mutant: when a reconnection forgets since when it was down, or a later one remembers it, this fails.
    #[test]
    fn a_repair_knows_how_long_it_took_and_only_the_one_repair_does() {
        let fresh = World::default().with_link(2);
        let story = Story::new()
            .issued()
            .completed()
            .broken()
            .about(fresh)
            .issued()
            .completed_again();
        let table = folded(&ConnectionSpanView, &story);
        let since = |event: &str| {
            let seen = story.recorded().iter().find(|seen| seen.event_type == event).unwrap();
            let key = format!("{}/{:020}", integration(), seen.position.0);
            table.row(&key).cloned().unwrap()
        };
        let (first, broken, again) = (since("Connected"), since("NeedsReconnect"), since("Reconnected"));
        assert_eq!((first.broken, first.seconds_to_repair()), (None, None));
        assert_eq!((broken.broken.is_some(), broken.seconds_to_repair()), (true, None));
        let took = (again.since.unwrap() - broken.since.unwrap()).num_seconds();
        assert_eq!((again.broken, again.seconds_to_repair()), (None, Some(took)));
        let place = table.row(&integration().to_string()).unwrap();
        assert_eq!((place.broken, place.down_since), (None, None));
    }
}
