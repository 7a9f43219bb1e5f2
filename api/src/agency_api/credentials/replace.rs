//! Other credentials in the place of a connection's.

use std::collections::BTreeSet;

use application::credentials::{NewCredential, Replaced};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::ids::IntegrationId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    agency_api::{
        answer::respond,
        asked::Id,
        authenticated::{Authenticated, CredentialsWrite},
        document::{AskedRefusals, WriteRefusals},
        input::Check,
        sent::Sent,
    },
    problem::Problem,
    state::Server,
};

/// No provider's token is longer.
const LONGEST_TOKEN: usize = 8 * 1024;
const LONGEST_LISTING: usize = 500;

/// The credentials to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct CredentialsToSet {
    /// The access token.
    #[schema(value_type = String, min_length = 1, max_length = 8192)]
    access_token: Option<SecretString>,
    /// The refresh token. Without one, that of the same account's sign-in before goes on, where there is one.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 8192)]
    refresh_token: Option<SecretString>,
    /// The listing; that of the connection where it is left out.
    #[schema(max_length = 500, example = "locations/1234567890")]
    listing_id: Option<String>,
    /// Whether another account may take the connected one's place.
    #[serde(default)]
    replace_account: bool,
}

impl CredentialsToSet {
    fn checked(self) -> Result<NewCredential, Problem> {
        let mut check = Check::default();
        let is_token = |token: &SecretString| {
            let token = token.expose_secret();
            (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let access_token = self.access_token.filter(is_token);
        if access_token.is_none() {
            check.wrong("access_token", TOKEN);
        }
        if !self.refresh_token.as_ref().is_none_or(is_token) {
            check.wrong("refresh_token", TOKEN);
        }
        let is_listing = |id: &String| (1..=LONGEST_LISTING).contains(&id.len());
        if !self.listing_id.as_ref().is_none_or(is_listing) {
            check.wrong("listing_id", "must have 1 to 500 characters");
        }
        check.done()?;
        Ok(NewCredential {
            access_token: access_token.unwrap_or_default(),
            refresh_token: self.refresh_token,
            listing: self.listing_id,
            replaces_account: self.replace_account,
        })
    }
}

const TOKEN: &str = "must have 1 to 8192 visible ASCII characters";

/// What stands from now on. No token is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct CredentialsSet {
    /// The number of the sign-in.
    generation: u32,
    /// When its access token ends; `null` where the provider does not say.
    expires_at: Option<DateTime<Utc>>,
    /// What was granted.
    scopes: BTreeSet<String>,
    /// The listing.
    #[schema(example = "locations/1234567890")]
    listing_id: String,
}

impl From<Replaced> for CredentialsSet {
    fn from(replaced: Replaced) -> Self {
        Self {
            generation: replaced.generation,
            expires_at: replaced.expires_at.and_then(|end| DateTime::from_timestamp(end, 0)),
            scopes: replaced.scopes,
            listing_id: replaced.listing,
        }
    }
}

/// Replaces a connection's credentials
///
/// Without a sign-in on our pages: for who has credentials from elsewhere, of the same app. They are tried out at the provider
/// first: a refresh token must give another access token, the provider must say whose they are, enough must be granted, and the
/// listing must be among the account's. What does not pass is neither kept nor logged, and the connection stays as it was. While the
/// access token works, account and listing are looked at before the refresh token is used, which many providers take only once.
#[utoipa::path(
    put, path = "/integrations/{id}/credentials", tag = "Credentials", operation_id = "replace_credentials",
    security(("api_key" = ["credentials:write"])),
    params(("id" = Uuid, Path, description = "The integration")), request_body = CredentialsToSet,
    responses((status = 200, description = "What stands from now on", body = CredentialsSet,
               headers(("Grantlink-Position" = String))), AskedRefusals, WriteRefusals),
)]
pub(in crate::agency_api) async fn replace(
    State(server): State<Server>,
    caller: Authenticated<CredentialsWrite>,
    Id(integration): Id<IntegrationId>,
    sent: Sent<CredentialsToSet>,
) -> Result<Response, Problem> {
    let new = sent.body.checked()?;
    // No receipt: it would keep a hash of the body, which holds tokens.
    let done = server
        .app
        .replace_credential(&caller.context, integration, &new)
        .await?;
    let set = CredentialsSet::from(done.answer);
    Ok(respond(&server, &caller.context, StatusCode::OK, done.position, &set))
}
