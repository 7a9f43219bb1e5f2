//! What a token is good for, for debugging; numbers come as strings here, as they do at Google.

use axum::Json;
use axum::extract::{RawQuery, State};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::oauth::error::OAuthError;
use crate::oauth::scopes::EMAIL;
use crate::params::Params;
use crate::state::{App, Shared, World};

pub(crate) async fn tokeninfo(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Json<Value>, OAuthError> {
    let query = Params::of_query(query.as_deref());
    let world = app.world.lock().await;
    let now = app.clock.now();
    let info = match (query.get("access_token"), query.get("id_token")) {
        (Some(token), _) => about_access_token(&app, &world, token, now),
        (None, Some(token)) => about_id_token(&world, token, now),
        (None, None) => None,
    };
    info.map(Json).ok_or_else(|| OAuthError::invalid_token("Invalid Value"))
}

fn about_access_token(app: &Shared, world: &World, text: &str, now: DateTime<Utc>) -> Option<Value> {
    let token = world.ledger.access_token(text, now).ok()?;
    let authorization = &token.authorization;
    let persona = app.persona(&authorization.persona)?;
    let mut info = json!({
        "azp": authorization.client_id,
        "aud": authorization.client_id,
        "sub": persona.subject,
        "scope": authorization.scopes.to_string(),
        "exp": token.expires_at.timestamp().to_string(),
        "expires_in": (token.expires_at - now).num_seconds().to_string(),
        "access_type": if token.offline { "offline" } else { "online" },
    });
    if authorization.scopes.contains(EMAIL) {
        info["email"] = json!(persona.email);
        info["email_verified"] = json!("true");
    }
    Some(info)
}

fn about_id_token(world: &World, token: &str, now: DateTime<Utc>) -> Option<Value> {
    let claims = world.keys.read(token)?;
    let expires_at = claims.get("exp").and_then(Value::as_i64)?;
    let claims = claims.as_object().filter(|_| now.timestamp() < expires_at)?;
    let as_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts: Map<String, Value> = claims
        .iter()
        .map(|(name, value)| (name.clone(), Value::String(as_text(value))))
        .collect();
    Some(Value::Object(texts))
}
