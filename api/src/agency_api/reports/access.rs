//! Who could use which integration on a day.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use application::customers::CustomerFile;
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    Timestamp,
    agency::Role,
    grant::LossReason,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId},
    provider::ProviderId,
};
use projections::connection_span::{ConnectionSpanView, Span};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Report, Source, moments,
    people::{Person, everybody},
    too_much,
};
use crate::{
    agency_api::{
        asked::{Asked, provider},
        authenticated::AuditRead,
        document::ReadRefusals,
        format::{Format, Row, cell, moment},
        reading::{MinPosition, Reading},
    },
    problem::Problem,
    state::Server,
};

/// So many rows are answered at once.
const MOST_ROWS: usize = 100_000;

/// Of which day, and of whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessWanted {
    /// The day, in UTC.
    #[param(value_type = String, format = Date, example = "2026-11-21")]
    pub(crate) date: NaiveDate,
    /// To this customer's integrations.
    #[param(value_type = Option<Uuid>)]
    pub(crate) customer_id: Option<CustomerId>,
    /// To this provider.
    pub(crate) provider: Option<String>,
    /// By this member.
    #[param(value_type = Option<Uuid>)]
    pub(crate) member_id: Option<MemberId>,
    /// `json`, `ndjson` or `csv`; `Accept` is asked when it is not given.
    #[param(example = "csv")]
    pub(crate) format: Option<String>,
}

/// A report of access.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessReport {
    /// The day is one of this time zone: always UTC.
    #[schema(example = "UTC")]
    time_zone: &'static str,
    /// Who could use what.
    data: Vec<Access>,
}

/// That a member, in person or through a key, could use an integration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Access {
    /// From then on, on this day.
    from: DateTime<Utc>,
    /// Until then, on this day.
    until: DateTime<Utc>,
    /// Who.
    #[schema(value_type = Uuid)]
    member_id: MemberId,
    /// What the member is called; `null` once the data was erased.
    member: Option<String>,
    /// What the member may do.
    #[schema(value_type = Option<String>, example = "owner")]
    role: Option<Role>,
    /// The number of the API key that acts in the member's name; `null` for the member in person.
    api_key: Option<u32>,
    /// Whose integration.
    #[schema(value_type = Uuid)]
    customer_id: CustomerId,
    /// What the customer is called; `null` once the data was erased.
    customer: Option<String>,
    /// The place of business.
    #[schema(value_type = Uuid)]
    location_id: LocationId,
    /// What the place is called; `null` once the data was erased.
    location: Option<String>,
    /// The provider.
    #[schema(value_type = String)]
    provider: ProviderId,
    /// The integration.
    #[schema(value_type = Uuid)]
    integration_id: IntegrationId,
    /// What the customer had picked: the provider's stable name of it.
    listing_id: Option<String>,
    /// The link that led there.
    #[schema(value_type = Option<Uuid>)]
    via_link_id: Option<LinkId>,
    /// Why it did not work just then without a new sign-in of the customer; `null` while it worked.
    #[schema(value_type = Option<String>, example = "expired_or_revoked")]
    broken: Option<LossReason>,
}

/// Reads who could use which integration on a day
///
/// Every connection that was there on that day, with every member and every API key with `integrations:read` that could use it,
/// from when until when. From the log, so it answers for any day since the first.
#[utoipa::path(
    get, path = "/reports/access", tag = "Reports", operation_id = "read_access_report",
    security(("api_key" = ["audit:read"])), params(AccessWanted, MinPosition),
    responses((status = 200, description = "Who could use what",
               content((AccessReport = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
              ReadRefusals),
)]
pub(in crate::agency_api) async fn access(
    State(server): State<Server>,
    reading: Reading<AuditRead>,
    Asked(wanted): Asked<AccessWanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::asked(wanted.format.as_deref(), &headers)?;
    Ok(access_report(&Source::of(&server, &reading), wanted)
        .await?
        .answer(format))
}

/// The report of access.
///
/// # Errors
/// When it is asked for something that it does not hold, or the views are not that far.
pub(crate) async fn access_report(
    source: &Source<'_>,
    wanted: AccessWanted,
) -> Result<Report<Access, AccessReport>, Problem> {
    let only = provider(wanted.provider)?;
    let moments = moments(wanted.date, wanted.date, source.now)?;
    source.shown(ConnectionSpanView::VIEW, &moments).await?;
    let mut spans = source.spans(wanted.customer_id, &moments).await?;
    spans.retain(|span| only.as_ref().is_none_or(|only| *only == span.row.provider));
    let mut people = everybody(source).await?;
    people.retain(|person| wanted.member_id.is_none_or(|only| only == person.member));
    if spans.len() * people.len() > MOST_ROWS {
        return Err(too_much());
    }
    let customers = customers(source, &spans).await?;
    let today = moments.start..moments.end.min(source.now);
    let pairs = spans
        .iter()
        .flat_map(|span| people.iter().map(move |person| (span, person)));
    let rows: Vec<_> = pairs
        .filter_map(|(span, person)| Access::on(&today, span, person, &customers))
        .collect();
    let whole = |data| AccessReport { time_zone: "UTC", data };
    Ok(Report {
        name: "access",
        rows,
        whole,
    })
}

async fn customers(source: &Source<'_>, spans: &[Span]) -> Result<BTreeMap<CustomerId, CustomerFile>, Problem> {
    let mut files = BTreeMap::new();
    let ids: BTreeSet<_> = spans.iter().map(|span| span.row.customer).collect();
    for id in ids {
        let file = source.app.customer(source.tenant, id).await?;
        files.insert(id, file.unwrap_or_default());
    }
    Ok(files)
}

impl Access {
    /// What of the day connection and person share; none where that is nothing.
    fn on(
        day: &Range<Timestamp>,
        span: &Span,
        person: &Person,
        customers: &BTreeMap<CustomerId, CustomerFile>,
    ) -> Option<Self> {
        let row = &span.row;
        let from = row.since?.max(person.since).max(day.start);
        let ends = [span.until, person.until].into_iter().flatten();
        let until = ends.chain([day.end]).min()?;
        let file = customers.get(&row.customer);
        (from < until).then(|| Self {
            from,
            until,
            member_id: person.member,
            member: person.name.clone(),
            role: person.role,
            api_key: person.key,
            customer_id: row.customer,
            customer: file.and_then(|file| file.person.name.clone()),
            location_id: row.location,
            location: file.and_then(|file| file.location(row.location)?.name.clone()),
            provider: row.provider.clone(),
            integration_id: row.integration,
            listing_id: row.listing.clone(),
            via_link_id: row.via,
            broken: row.broken,
        })
    }
}

impl Row for Access {
    const COLUMNS: &'static [&'static str] = &[
        "from",
        "until",
        "member",
        "role",
        "api_key",
        "customer",
        "location",
        "provider",
        "listing_id",
        "member_id",
        "customer_id",
        "location_id",
        "integration_id",
        "via_link_id",
        "broken",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            moment(self.from),
            moment(self.until),
            cell(self.member.as_ref()),
            cell(self.role.as_ref()),
            cell(self.api_key.as_ref()),
            cell(self.customer.as_ref()),
            cell(self.location.as_ref()),
            self.provider.to_string(),
            cell(self.listing_id.as_ref()),
            self.member_id.to_string(),
            self.customer_id.to_string(),
            self.location_id.to_string(),
            self.integration_id.to_string(),
            cell(self.via_link_id.as_ref()),
            cell(self.broken.as_ref()),
        ]
    }
}
