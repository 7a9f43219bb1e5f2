//! The access tokens of connections. No other answer holds one.

mod body;
pub(super) mod replace;

use application::{
    credentials::{Purpose, ReadCredential},
    ports::refreshes::{CountedReads, ReadsPlace},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header::CACHE_CONTROL},
};
use domain::ids::IntegrationId;
use projections::read::Cursor;
use serde::Deserialize;
use utoipa::IntoParams;

use self::body::{Credentials, Read, Reads};
use super::{
    asked::{Asked, Id},
    authenticated::{CredentialsRead, IntegrationsRead},
    document::ReadRefusals,
    pages::{self, List},
    reading::{MinPosition, Reading},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// No cache may keep a token.
const NEVER_STORED: [(HeaderName, HeaderValue); 1] = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
/// What the credentials are read for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// What the credentials are read for, in a plain word or two: auditors see it.
    #[param(value_type = String, min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9 ._/:-]+$", example = "review-sync")]
    purpose: Option<String>,
}

/// Which part of the list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadsWanted {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Reads a connection's credentials
///
/// An access token that can be used for five minutes at least; where it would end sooner, it is renewed first. Who reads it, and
/// what for, is written down before it is given out: the first read of a reader and day is an event, all are counted. The refresh
/// token is never given out. Where the provider gives tokens that live for less than five minutes, or cannot be reached just now,
/// `expires_at` says how long the token is good for.
#[utoipa::path(
    get, path = "/integrations/{id}/credentials", tag = "Credentials", operation_id = "read_credentials",
    security(("api_key" = ["credentials:read"])),
    params(("id" = Uuid, Path, description = "The integration"), Wanted, MinPosition),
    responses(
        (status = 200, description = "The credentials", body = Credentials),
        (status = 409, description = "Nothing is connected there, or only a new sign-in helps: `reason` says why.",
            body = Problem, content_type = "application/problem+json"),
        ReadRefusals,
    ),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<CredentialsRead>,
    Id(integration): Id<IntegrationId>,
    Asked(wanted): Asked<Wanted>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Credentials>), Problem> {
    let purpose = Purpose::parse(&wanted.purpose.unwrap_or_default());
    let purpose = purpose.map_err(|error| Problem::new(Kind::InvalidQuery).detail(&format!("purpose {error}")))?;
    let asked = ReadCredential { integration, purpose };
    let fresh = server.app.read_credential(&reading.caller.context, asked).await?;
    Ok((NEVER_STORED, Json(Credentials::of(&fresh))))
}

/// Lists who read a connection's credentials
///
/// By day, reader and purpose; whose first read of a day is the latest comes first.
#[utoipa::path(
    get, path = "/integrations/{id}/credential-reads", tag = "Credentials", operation_id = "list_credential_reads",
    security(("api_key" = ["integrations:read"])),
    params(("id" = Uuid, Path, description = "The integration"), ReadsWanted, MinPosition),
    responses((status = 200, description = "The reads", body = Reads), ReadRefusals),
)]
pub(super) async fn reads(
    State(server): State<Server>,
    reading: Reading<IntegrationsRead>,
    Id(integration): Id<IntegrationId>,
    list: List,
    Asked(wanted): Asked<ReadsWanted>,
) -> Result<Json<Reads>, Problem> {
    let tenant = reading.tenant();
    let page = pages::asked(&server, list.reader(tenant), wanted.limit, wanted.cursor.as_deref())?;
    server.app.slot_in(tenant, integration).await?;
    let (behind, limit) = (place(page.with_one_more().after)?, page.with_one_more().limit);
    let refreshes = &server.app.refreshes;
    let reads = refreshes.reads(tenant, integration, behind, limit).await?;
    let (reads, next_cursor) = page.cut(&server, with_places(behind, reads), |(place, _)| Cursor {
        at: place.at,
        id: uuid::Uuid::from_u128(place.passed.into()),
    });
    let data = reads.into_iter().map(|(_, reads)| Read::from(reads)).collect();
    Ok(Json(Reads { data, next_cursor }))
}

/// The place that a cursor stands for: beside the moment, in the id's place, it counts the rows of that moment.
fn place(cursor: Option<Cursor>) -> Result<ReadsPlace, Problem> {
    let Some(Cursor { at, id }) = cursor else {
        return Ok(ReadsPlace::FIRST);
    };
    let passed = u32::try_from(id.as_u128()).map_err(|_| pages::invalid_cursor())?;
    Ok(ReadsPlace { at, passed })
}

/// Each row with the place behind it.
fn with_places(behind: ReadsPlace, reads: Vec<CountedReads>) -> Vec<(ReadsPlace, CountedReads)> {
    let mut last = behind;
    let placed = reads.into_iter().map(|reads| {
        let passed = if reads.first_at == last.at { last.passed + 1 } else { 1 };
        last = ReadsPlace {
            at: reads.first_at,
            passed,
        };
        (last, reads)
    });
    placed.collect()
}
