//! Reports: figures day by day, and who could use what. Routes and command line ask the same functions.

mod access;
mod days;
mod days_group;
mod people;

pub(super) use access::access;
pub(crate) use access::{AccessWanted, access_report};
pub(super) use days::days;
pub(crate) use days::{DaysWanted, days_report};
// The document names each route by the path of what stands beside it.
pub(super) use access::__path_access;
pub(super) use days::__path_days;

use std::{ops::Range, time::Duration};

use application::App;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{Days, NaiveDate, NaiveTime};
use domain::{
    Timestamp,
    ids::{AgencyId, CustomerId, TenantId},
    log::Position,
};
use projections::{View, checkpoints::Checkpoints, connection_span::Span, read::Views};
use serde::Serialize;

use super::{
    format::{Format, Row, csv, file, ndjson},
    reading::{LONGEST_WAIT, Reading},
};
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
    if start.timestamp() < 0 {
        return Err(invalid("no report reaches back beyond 1970-01-01"));
    }
    if end <= start {
        return Err(invalid("the first day is no later than the last one"));
    }
    if start > now {
        return Err(invalid("this day has not begun yet, in UTC"));
    }
    Ok(start..end)
}

/// Whose figures are asked for, and where they are.
pub(crate) struct Source<'a> {
    /// The use cases.
    pub(crate) app: &'a App,
    /// The views.
    pub(crate) views: &'a dyn Views,
    /// How far they are.
    pub(crate) checkpoints: &'a Checkpoints,
    /// The agency.
    pub(crate) agency: AgencyId,
    /// Its world: nothing else is seen.
    pub(crate) tenant: TenantId,
    /// The clock.
    pub(crate) now: Timestamp,
    /// What the views must show at least.
    pub(crate) at_least: Position,
    /// So long they are waited for.
    pub(crate) patience: Duration,
}

impl<'a> Source<'a> {
    fn of<N>(server: &'a Server, reading: &Reading<N>) -> Self {
        let context = &reading.caller.context;
        Self {
            app: &server.app,
            views: server.views.as_ref(),
            checkpoints: &server.checkpoints,
            agency: context.agency,
            tenant: context.tenant,
            now: context.now,
            at_least: reading.at_least(),
            patience: LONGEST_WAIT,
        }
    }

    /// Waits until the view shows all of a past that is over; of a day that goes on, what it shows now is what there is.
    async fn shown(&self, view: View, moments: &Range<Timestamp>) -> Result<(), Problem> {
        let mut position = self.at_least;
        if moments.end <= self.now {
            position = position.max(self.app.moment_at(moments.end).await?.position);
        }
        Ok(self.checkpoints.wait_for(view.name, position, self.patience).await?)
    }

    /// The connections that were there between two moments.
    async fn spans(&self, customer: Option<CustomerId>, moments: &Range<Timestamp>) -> Result<Vec<Span>, Problem> {
        let spans = self.views.spans(self.tenant, customer, moments.clone(), MOST_SPANS + 1);
        let spans = spans.await?;
        if spans.len() > MOST_SPANS as usize {
            return Err(too_much());
        }
        Ok(spans)
    }
}

/// A report: rows, and what they are in when they are one JSON object.
pub(crate) struct Report<R, B> {
    name: &'static str,
    rows: Vec<R>,
    whole: fn(Vec<R>) -> B,
}

impl<R: Row, B: Serialize> Report<R, B> {
    /// As the answer to a call.
    fn answer(self, format: Format) -> Response {
        if format.is_file() {
            return file(format, self.name, &self.rows, None);
        }
        Json((self.whole)(self.rows)).into_response()
    }

    /// As a text, for whoever asks at the command line.
    pub(crate) fn text(self, format: Format) -> String {
        match format {
            Format::Json => serde_json::to_string_pretty(&(self.whole)(self.rows)).unwrap_or_default() + "\n", // always becomes JSON
            Format::Ndjson => ndjson(&self.rows),
            Format::Csv => csv(&self.rows),
        }
    }
}

fn too_much() -> Problem {
    Problem::new(Kind::TooMuchHistory)
        .detail("that is more than one report holds: ask for fewer days, or for one customer_id")
}
