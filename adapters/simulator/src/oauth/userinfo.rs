//! Who the bearer of an access token acts for.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use crate::oauth::error::OAuthError;
use crate::oauth::id_token::claims_about;
use crate::state::App;

pub(crate) async fn userinfo(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Map<String, Value>>, OAuthError> {
    let token = bearer(&headers).ok_or_else(OAuthError::invalid_credentials)?;
    let world = app.world.lock().await;
    let token = world
        .ledger
        .access_token(token, app.clock.now())
        .map_err(|_| OAuthError::invalid_credentials())?;
    let authorization = &token.authorization;
    let persona = app
        .persona(&authorization.persona)
        .ok_or_else(OAuthError::invalid_credentials)?;
    Ok(Json(claims_about(persona, &authorization.scopes, &app.settings)))
}

/// The token after `Bearer`, if that is what the request carries.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
