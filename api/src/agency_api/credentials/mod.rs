//! The access tokens of connections. No other answer holds one.

mod body;
pub(super) mod replace;

use application::credentials::{Purpose, ReadCredential};
use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header::CACHE_CONTROL},
};
use domain::ids::IntegrationId;
use serde::Deserialize;
use utoipa::IntoParams;

use self::body::{Credentials, Read, Reads};
use super::{
    asked::{Asked, Id},
    authenticated::{CredentialsRead, IntegrationsRead},
    document::ReadRefusals,
    reading::{MinPosition, Reading},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// No cache may keep a token.
const NEVER_STORED: [(HeaderName, HeaderValue); 1] = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
/// So many counted reads are shown: some three months of one reader a day.
const MOST_READS: u32 = 100;

/// What the credentials are read for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// What the credentials are read for, in a plain word or two: auditors see it.
    #[param(value_type = String, min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9 ._/:-]+$", example = "review-sync")]
    purpose: Option<String>,
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
/// By day, reader and purpose, the latest first; a hundred at most.
#[utoipa::path(
    get, path = "/integrations/{id}/credential-reads", tag = "Credentials", operation_id = "list_credential_reads",
    security(("api_key" = ["integrations:read"])),
    params(("id" = Uuid, Path, description = "The integration"), MinPosition),
    responses((status = 200, description = "The reads", body = Reads), ReadRefusals),
)]
pub(super) async fn reads(
    State(server): State<Server>,
    reading: Reading<IntegrationsRead>,
    Id(integration): Id<IntegrationId>,
) -> Result<Json<Reads>, Problem> {
    server.app.slot_in(reading.tenant(), integration).await?;
    let reads = server
        .app
        .refreshes
        .reads(reading.tenant(), integration, MOST_READS)
        .await?;
    let data = reads.into_iter().map(Read::from).collect();
    Ok(Json(Reads { data }))
}
