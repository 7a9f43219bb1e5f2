//! What happened to links, day by day, and how long connections were there.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::NaiveDate;
use domain::{Timestamp, ids::MemberId, provider::ProviderId};
use projections::{
    connection_span::{ConnectionSpanView, Span},
    report_day::{DAY, Figures, ReportDayView, day_of},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Report, Source,
    days_group::{DaysGroup, Group},
    moments,
};
use crate::{
    agency_api::{
        asked::{Asked, provider},
        authenticated::ReportsRead,
        document::ReadRefusals,
        format::Format,
        reading::{MinPosition, Reading},
    },
    problem::{Kind, Problem},
    state::Server,
};

/// So many days are asked for at once.
const MOST_DAYS: i64 = 366;

/// Which days are wanted, and how they are put together.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DaysWanted {
    /// The first day, in UTC.
    #[param(value_type = String, format = Date, example = "2026-11-01")]
    pub(crate) from: NaiveDate,
    /// The last day, in UTC: at most 366 days in all.
    #[param(value_type = String, format = Date, example = "2026-11-30")]
    pub(crate) to: NaiveDate,
    /// What the figures are kept apart by: any of `day`, `provider` and `member`, with commas between them; `total` for none of
    /// them. By all three when not given.
    #[param(example = "provider,member")]
    pub(crate) group_by: Option<String>,
    /// Of this provider.
    pub(crate) provider: Option<String>,
    /// Of the links that this member asked for.
    #[param(value_type = Option<Uuid>)]
    pub(crate) member_id: Option<MemberId>,
    /// `json`, `ndjson` or `csv`; `Accept` is asked when it is not given.
    #[param(example = "csv")]
    pub(crate) format: Option<String>,
}

/// A report of days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DaysReport {
    /// Days are those of this time zone: always UTC.
    #[schema(example = "UTC")]
    time_zone: &'static str,
    /// The groups in which anything happened.
    data: Vec<DaysGroup>,
}

/// Reads the report of days
///
/// What happened to links, by day, provider and the member who asked: the funnel from issue to connection, why tries failed, how
/// long connecting took, how long connections were there, and how long repairs took. Days are those of UTC; today's figures grow until it is over.
#[utoipa::path(
    get, path = "/reports/days", tag = "Reports", operation_id = "read_days_report",
    security(("api_key" = ["reports:read"])), params(DaysWanted, MinPosition),
    responses((status = 200, description = "The figures",
               content((DaysReport = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
              ReadRefusals),
)]
pub(in crate::agency_api) async fn days(
    State(server): State<Server>,
    reading: Reading<ReportsRead>,
    Asked(wanted): Asked<DaysWanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::asked(wanted.format.as_deref(), &headers)?;
    Ok(days_report(&Source::of(&server, &reading), wanted)
        .await?
        .answer(format))
}

/// The report of days.
///
/// # Errors
/// When it is asked for something that it does not hold, or the views are not that far.
pub(crate) async fn days_report(
    source: &Source<'_>,
    wanted: DaysWanted,
) -> Result<Report<DaysGroup, DaysReport>, Problem> {
    let by = By::asked(wanted.group_by.as_deref())?;
    let only = (provider(wanted.provider)?, wanted.member_id);
    let moments = moments(wanted.from, wanted.to, source.now)?;
    let days = day_of(moments.start)..day_of(moments.end);
    if days.end - days.start > MOST_DAYS {
        return Err(Problem::new(Kind::InvalidQuery).detail(&format!("ask for {MOST_DAYS} days at most")));
    }
    source.shown(ReportDayView::VIEW, &moments).await?;
    source.shown(ConnectionSpanView::VIEW, &moments).await?;
    let mut groups = Groups {
        by,
        only,
        sums: BTreeMap::new(),
    };
    for day in source.views.figures(source.tenant, days, source.now).await? {
        groups.add(day.day, &day.provider, Some(day.member), &day.figures);
    }
    let clipped = moments.start..moments.end.min(source.now);
    for span in source.spans(None, &moments).await? {
        groups.add_span(&span, &clipped);
    }
    let names = source.app.members(source.agency).await?;
    let mut rows: Vec<_> = groups.sums.into_iter().map(DaysGroup::from).collect();
    for group in &mut rows {
        let member = group.member_id.and_then(|member| names.get(&member));
        group.member = member.and_then(|person| person.name.clone());
    }
    let whole = |data| DaysReport { time_zone: "UTC", data };
    Ok(Report {
        name: "days",
        rows,
        whole,
    })
}

/// What groups are kept apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct By {
    day: bool,
    provider: bool,
    member: bool,
}

impl By {
    fn asked(text: Option<&str>) -> Result<Self, Problem> {
        let names: BTreeSet<&str> = text.unwrap_or("day,provider,member").split(',').collect();
        let by = Self {
            day: names.contains("day"),
            provider: names.contains("provider"),
            member: names.contains("member"),
        };
        let known = usize::from(by.day) + usize::from(by.provider) + usize::from(by.member);
        if (known > 0 && known == names.len()) || names == BTreeSet::from(["total"]) {
            return Ok(by);
        }
        Err(Problem::new(Kind::InvalidQuery).detail("group_by is any of day, provider and member, or total"))
    }
}

struct Groups {
    by: By,
    only: (Option<ProviderId>, Option<MemberId>),
    sums: BTreeMap<Group, Figures>,
}

impl Groups {
    fn add(&mut self, day: i64, provider: &ProviderId, member: Option<MemberId>, figures: &Figures) {
        let (only_provider, only_member) = &self.only;
        if only_provider.as_ref().is_some_and(|only| only != provider)
            || (only_member.is_some() && *only_member != member)
        {
            return;
        }
        let group = (
            self.by.day.then_some(day),
            self.by.provider.then(|| provider.to_string()),
            member.filter(|_| self.by.member),
        );
        self.sums.entry(group).or_default().add(figures);
    }

    /// A connection counts on each day for the time that it was there, and on the day on which it broke or was repaired.
    fn add_span(&mut self, span: &Span, between: &Range<Timestamp>) {
        let row = &span.row;
        let Some(since) = row.since else { return };
        if between.contains(&since) {
            let begun = Figures {
                broken: row.broken.is_some().into(),
                seconds_to_repair: row
                    .seconds_to_repair()
                    .map(|seconds| (seconds, 1))
                    .into_iter()
                    .collect(),
                ..Figures::default()
            };
            self.add(day_of(since), &row.provider, row.member, &begun);
        }
        let until = span.until.unwrap_or(between.end).min(between.end).timestamp_micros();
        let mut at = since.max(between.start).timestamp_micros();
        while at < until {
            let day = at.div_euclid(DAY);
            let end = ((day + 1) * DAY).min(until);
            let figures = Figures {
                connected: end - at,
                down: if row.broken.is_some() { end - at } else { 0 },
                ..Figures::default()
            };
            self.add(day, &row.provider, row.member, &figures);
            at = end;
        }
    }
}
