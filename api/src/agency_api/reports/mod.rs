//! Reports: figures day by day, and who could use what.

mod access;
mod days;
mod days_group;
mod people;

pub(super) use access::access;
pub(super) use days::days;
// The document names each route by the path of what stands beside it.
pub(super) use access::__path_access;
pub(super) use days::__path_days;

use std::ops::Range;

use chrono::{Days, NaiveDate, NaiveTime};
use domain::{Timestamp, ids::CustomerId};
use projections::{View, connection_span::Span};

use super::{authenticated::Needs, reading::Reading};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// So many connections are looked at for one report.
const MOST_SPANS: u32 = 100_000;

/// The first moment of a day and that of the next one, in UTC. A day that has not begun has no report.
fn moments(first: NaiveDate, last: NaiveDate, now: Timestamp) -> Result<Range<Timestamp>, Problem> {
    let begin = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let invalid = |text: &str| Problem::new(Kind::InvalidQuery).detail(text);
    let end = last.checked_add_days(Days::new(1)).map(begin);
    let end = end.ok_or_else(|| invalid("this day is too far away"))?;
    let start = begin(first);
    if start.timestamp() < 0 || end <= start {
        return Err(invalid("the first day is no later than the last one"));
    }
    if start > now {
        return Err(invalid("this day has not begun yet, in UTC"));
    }
    Ok(start..end)
}

/// Waits until the view shows all of a past that is over; of a day that goes on, what it shows now is what there is.
async fn shown<N: Needs>(
    server: &Server,
    reading: &Reading<N>,
    view: View,
    moments: &Range<Timestamp>,
) -> Result<(), Problem> {
    reading.shown_by(server, &[view]).await?;
    if moments.end <= reading.caller.context.now {
        let over = server.app.moment_at(moments.end).await?;
        reading.reached(server, &view, over.position).await?;
    }
    Ok(())
}

/// The connections that were there between two moments.
async fn spans<N: Needs>(
    server: &Server,
    reading: &Reading<N>,
    customer: Option<CustomerId>,
    moments: &Range<Timestamp>,
) -> Result<Vec<Span>, Problem> {
    let views = &server.views;
    let spans = views
        .spans(reading.tenant(), customer, moments.clone(), MOST_SPANS + 1)
        .await?;
    if spans.len() > MOST_SPANS as usize {
        return Err(too_much());
    }
    Ok(spans)
}

fn too_much() -> Problem {
    Problem::new(Kind::TooMuchHistory)
        .detail("that is more than one report holds: ask for fewer days, or for one customer_id")
}
