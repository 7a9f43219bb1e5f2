//! Revocation, which is wider than the token presented: the whole grant of that person to that project ends.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

use crate::oauth::error::OAuthError;
use crate::params::Params;
use crate::state::App;

/// The token may come in the form or in the query.
pub(crate) async fn revoke(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, OAuthError> {
    let (form, query) = (Params::parse(&body), Params::of_query(query.as_deref()));
    let token = form
        .get("token")
        .or_else(|| query.get("token"))
        .ok_or_else(|| OAuthError::missing("token"))?;
    if app.world.lock().await.ledger.revoke(token, app.clock.now()) {
        Ok(Json(json!({})))
    } else {
        Err(OAuthError::invalid_token("Token expired or revoked"))
    }
}
