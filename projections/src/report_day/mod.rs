//! The `report_day` view: what happened to a tenant's links, day by day.
//!
//! A report asks by provider, member and day, but an event about a link names neither provider nor member: its first event does.
//! So a row is one link on one day, under a key that every event of the link tells by itself; beside them stands one row per
//! link with what its first event said, from which the others take their columns. A report sums the rows of its days, whichever
//! way it groups them, and a damaged event spoils one link's figures, not a whole day's.
//!
//! Days are those of UTC. That a link expired is not read from `Expired`, which is recorded when somebody meets the link: the
//! clock decides it, so the row of a link that has not ended says when its time comes.

mod figures;
mod row;
#[cfg(test)]
mod tests;

pub use figures::{DayFigures, Figures};
pub use row::{Counts, ReportDayRow};

use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent, RevokeReason},
    event::Event,
    trail::{LINK_TRAIL, LinkObservation, Visitor},
};

use crate::{
    Projection,
    projection::{FoldError, Keys, Rows, Seen},
    view::{Column, View},
};

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// The number of a moment's day in UTC, counted from 1 January 1970.
pub fn day_of(at: Timestamp) -> i64 {
    at.timestamp_micros().div_euclid(DAY)
}

/// Counts what happens to links.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReportDayView;

impl ReportDayView {
    /// Its view. Whoever changes what is counted gives it the next version: it is folded anew from the first day on, beside the
    /// old one.
    pub const VIEW: View = View {
        name: "report_day",
        version: 2,
        columns: &[
            Column::text("key"),
            Column::text("tenant"),
            Column::text("provider"),
            Column::text("member"),
            Column::integer("day"),
            Column::integer("issued"),
            Column::integer("opened"),
            Column::integer("opened_by_machine"),
            Column::integer("started"),
            Column::integer("completed"),
            Column::integer("declined"),
            Column::integer("revoked"),
            Column::integer("superseded"),
            Column::integer("denied"),
            Column::integer("missing_scopes"),
            Column::integer("provider_refused"),
            Column::integer("provider_unavailable"),
            Column::integer("other_account"),
            Column::integer("account_switched"),
            Column::integer("interrupted"),
            Column::integer("abandoned"),
            Column::integer("seconds_to_connect"),
            Column::integer("issued_at"),
            Column::integer("open_until"),
        ],
        indexes: &[&["tenant", "day"], &["tenant", "open_until"]],
    };
}

impl Projection for ReportDayView {
    const VIEW: View = Self::VIEW;
    type Row = ReportDayRow;

    fn keys(&self, seen: &Seen<'_>) -> Keys {
        match seen.recorded.aggregate_type.as_str() {
            ConnectLink::TYPE | LINK_TRAIL => Keys::many([link_key(seen), day_key(seen)]),
            _ => Keys::none(),
        }
    }

    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<ReportDayRow>) -> Result<(), FoldError> {
        let at = seen.recorded.recorded_at;
        match seen.event {
            Some(Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. })) => {
                let link = ReportDayRow::of_link(link_key(seen), seen.recorded.tenant_id, terms, at);
                rows.insert(&link_key(seen), link)?;
                count(seen, rows, |counts| counts.issued = 1)
            }
            Some(Event::ConnectLink(event)) => happened(seen, event, rows),
            Some(Event::LinkTrail(LinkObservation::Opened { visitor })) => count(seen, rows, |counts| match visitor {
                Visitor::Person => counts.opened = 1,
                Visitor::LikelyAutomated => counts.opened_by_machine = 1,
            }),
            _ => Ok(()),
        }
    }
}

fn happened(seen: &Seen<'_>, event: &ConnectLinkEvent, rows: &mut Rows<ReportDayRow>) -> Result<(), FoldError> {
    match event {
        ConnectLinkEvent::Issued { .. } | ConnectLinkEvent::Authorized { .. } | ConnectLinkEvent::Expired { .. } => {
            return Ok(());
        }
        ConnectLinkEvent::Started { .. } => return count(seen, rows, |counts| counts.started = 1),
        ConnectLinkEvent::AttemptFailed { reason, .. } => {
            return count(seen, rows, |counts| *counts.failed_mut(*reason) += 1);
        }
        ConnectLinkEvent::Completed { .. } => count(seen, rows, |counts| counts.completed = 1)?,
        ConnectLinkEvent::Declined {} => count(seen, rows, |counts| counts.declined = 1)?,
        ConnectLinkEvent::Revoked {
            reason:
                RevokeReason::Manual | RevokeReason::CustomerErased | RevokeReason::Deleted | RevokeReason::AlreadyConnected,
            ..
        } => count(seen, rows, |counts| counts.revoked = 1)?,
        ConnectLinkEvent::Revoked {
            reason: RevokeReason::Superseded,
            ..
        } => count(seen, rows, |counts| counts.superseded = 1)?,
    }
    rows.update(&link_key(seen), |link| link.open_until = None)
}

/// Counts in the row of the link on the event's day.
fn count(seen: &Seen<'_>, rows: &mut Rows<ReportDayRow>, change: impl FnOnce(&mut Counts)) -> Result<(), FoldError> {
    let (key, at) = (day_key(seen), seen.recorded.recorded_at);
    if rows.get(&key).is_none() {
        let link = rows.get(&link_key(seen)).ok_or(FoldError::NoRow(link_key(seen)))?;
        let row = link.on_day(key.clone(), day_of(at));
        rows.insert(&key, row)?;
    }
    let issued_at = rows.get(&link_key(seen)).and_then(|link| link.issued_at);
    rows.update(&key, |row| {
        change(&mut row.counts);
        if row.counts.completed == 1 && row.seconds_to_connect.is_none() {
            row.seconds_to_connect = issued_at.map(|issued_at| (at - issued_at).num_seconds());
        }
    })
}

fn link_key(seen: &Seen<'_>) -> String {
    seen.recorded.aggregate_id.clone()
}

fn day_key(seen: &Seen<'_>) -> String {
    format!("{}/{}", seen.recorded.aggregate_id, day_of(seen.recorded.recorded_at))
}
