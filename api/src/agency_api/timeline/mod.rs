//! Everything that ever happened to a link's token, an integration, a customer, a location or a member, step by step and in
//! words, read from the log itself.

mod entry;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::{
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId},
    log::{Position, Recorded},
};
use projections::{
    audit_entry::{AuditEntryView, AuditSubject},
    timeline::TimelineEntry,
};
use serde::Deserialize;
use utoipa::IntoParams;

use entry::{Entry, Trail};

use super::{
    as_of,
    asked::{Asked, Id},
    authenticated::AuditRead,
    document::ReadRefusals,
    format::{Format, file},
    pages::{self, List},
    reading::{MinPosition, Reading},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
    story,
};

/// Which part of a timeline is wanted, and how it is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailWanted {
    /// As it was then: an RFC 3339 time, or the `Grantlink-Position` of an earlier answer.
    as_of: Option<String>,
    /// `json`, `ndjson` or `csv`; `Accept` is asked when it is not given. Files name their next part in the header
    /// `Grantlink-Next-Cursor`.
    #[param(example = "csv")]
    format: Option<String>,
    /// How many entries at most: 200, and 2,000 in a file.
    #[param(minimum = 1, maximum = 2000, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the part before.
    cursor: Option<String>,
}

/// A route that tells a timeline. The document is made from what stands here, so each route says its own.
macro_rules! timelines {
    ($($(#[$doc:meta])* $name:ident($id:ty) = $path:literal, $tag:literal, $operation:literal, $what:literal;
       $subject:path, $missing:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            get, path = $path, tag = $tag, operation_id = $operation, security(("api_key" = ["audit:read"])),
            params(("id" = Uuid, Path, description = $what), TrailWanted, MinPosition),
            responses((status = 200, description = "The entries, oldest first",
                       content((Trail = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
                      ReadRefusals),
        )]
        pub(super) async fn $name(
            State(server): State<Server>,
            reading: Reading<AuditRead>,
            Id(id): Id<$id>,
            list: List,
            Asked(wanted): Asked<TrailWanted>,
            headers: HeaderMap,
        ) -> Result<Response, Problem> {
            tell(&server, &reading, ($subject(id), Kind::$missing), (&list, &wanted), &headers).await
        }
    )+};
}

timelines! {
    /// Reads a link's audit trail
    ///
    /// Oldest first: everything that was ever recorded against the token, observations included.
    of_link(LinkId) = "/links/{id}/audit", "Links", "read_link_audit", "The link";
        AuditSubject::Link, LinkNotFound;
    /// Reads an integration's timeline
    ///
    /// Oldest first: what happened to it through all of its links.
    of_integration(IntegrationId) =
        "/integrations/{id}/audit", "Integrations", "read_integration_audit", "The integration";
        AuditSubject::Integration, IntegrationNotFound;
    /// Reads a customer's timeline
    ///
    /// Oldest first: what happened to the customer, the places of business, their links and integrations.
    of_customer(CustomerId) = "/customers/{id}/audit", "Customers", "read_customer_audit", "The customer";
        AuditSubject::Customer, CustomerNotFound;
    /// Reads a location's timeline
    ///
    /// Oldest first: what happened to the place of business, its links and integrations.
    of_location(LocationId) = "/locations/{id}/audit", "Customers", "read_location_audit", "The place of business";
        AuditSubject::Location, LocationNotFound;
    /// Reads a member's timeline
    ///
    /// Oldest first: what the member did in this world, also through API keys, and what was done to the member.
    of_member(MemberId) = "/members/{id}/audit", "Members", "read_member_audit", "The member";
        AuditSubject::Member, MemberNotFound;
}

async fn tell(
    server: &Server,
    reading: &Reading<AuditRead>,
    (subject, missing): (AuditSubject, Kind),
    (list, wanted): (&List, &TrailWanted),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::asked(wanted.format.as_deref(), headers)?;
    let limit = pages::limit_of(format, wanted.limit)?;
    let reader = list.reader(reading.tenant());
    let after = match &wanted.cursor {
        Some(text) => server.app.cipher.open_number(reader, text),
        None => Ok(0),
    };
    let after = after.map_err(|_| pages::invalid_cursor())?;
    let positions = positions(server, reading, subject, after, limit + 1, wanted.as_of.as_deref()).await?;
    if positions.is_empty() && after == 0 {
        return Err(Problem::new(missing).detail("nothing is recorded about it"));
    }
    let (page, more) = positions.split_at(positions.len().min(limit as usize));
    let last = page.last().filter(|_| !more.is_empty());
    let next_cursor = last.map(|position| server.app.cipher.seal_number(reader, position.0));
    let events = server.app.log.at(page).await?;
    let entries = story::told(&server.app, reading.caller.context.agency, &events).await?;
    let data = self::entries(&events, entries);
    if format.is_file() {
        return Ok(file(format, "timeline", &data, next_cursor.as_deref()));
    }
    Ok(Json(Trail { data, next_cursor }).into_response())
}

/// What was told of each event, as it is shown.
pub(super) fn entries(events: &[Recorded], told: Vec<TimelineEntry>) -> Vec<Entry> {
    let pairs = events.iter().zip(told);
    pairs.map(|(recorded, entry)| Entry::new(recorded, entry)).collect()
}

async fn positions(
    server: &Server,
    reading: &Reading<AuditRead>,
    subject: AuditSubject,
    after: u64,
    limit: u32,
    as_of: Option<&str>,
) -> Result<Vec<Position>, Problem> {
    let until = as_of::moment(server, reading, as_of).await?;
    reading.shown_by(server, &[AuditEntryView::VIEW]).await?;
    if let Some(until) = until {
        reading.reached(server, &AuditEntryView::VIEW, until.position).await?;
    }
    let mut positions = server
        .views
        .audit(reading.tenant(), subject, Position(after), limit)
        .await?;
    positions.retain(|position| until.is_none_or(|until| *position <= until.position));
    Ok(positions)
}
