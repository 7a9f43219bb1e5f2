//! Which application is calling: `client_secret_basic` or `client_secret_post`.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::OAuthClient;
use crate::oauth::error::OAuthError;
use crate::params::Params;
use crate::state::World;

/// The client whose id and secret the request carries.
pub(crate) fn authenticate(world: &World, headers: &HeaderMap, form: &Params) -> Result<OAuthClient, OAuthError> {
    let (id, secret) = credentials(headers, form)?;
    let client = world.client(&id).ok_or_else(OAuthError::unknown_client)?;
    if client.secret == secret {
        Ok(client.clone())
    } else {
        Err(OAuthError::wrong_secret())
    }
}

pub(crate) fn credentials(headers: &HeaderMap, form: &Params) -> Result<(String, String), OAuthError> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        let basic = header.to_str().ok().and_then(|value| value.strip_prefix("Basic "));
        return basic.and_then(decode).ok_or_else(OAuthError::wrong_secret);
    }
    let no_client = "Could not determine client ID from request.";
    let id = form
        .get("client_id")
        .ok_or_else(|| OAuthError::invalid_request(no_client))?;
    let secret = form
        .get("client_secret")
        .ok_or_else(|| OAuthError::invalid_request("client_secret is missing."))?;
    Ok((id.to_owned(), secret.to_owned()))
}

/// RFC 6749 has id and secret form-encoded before they are joined.
fn decode(basic: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(decoded, _)| decoded.into_owned())
        .unwrap_or_default()
}
