//! Who signed in: in identity tokens, and for the bearer of an access token.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::books::Authorization;
use super::state::{App, Shared, World};
use super::token::Refused;
use crate::oauth::userinfo::bearer;
use crate::personas::Persona;

const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// A signed identity token; none when it cannot be signed.
pub(super) fn token(app: &Shared, world: &World, authorization: &Authorization, nonce: Option<&str>) -> Option<String> {
    let now = app.clock.now();
    let mut claims = claims(app.persona(&authorization.persona)?, world.quirks.email);
    claims["iss"] = json!(app.base_url);
    claims["aud"] = json!(authorization.client_id);
    claims["iat"] = json!(now.timestamp());
    claims["exp"] = json!((now + LIFETIME).timestamp());
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    let signed = world.keys.sign(&claims);
    signed
        .inspect_err(|error| tracing::error!(%error, "no identity token"))
        .ok()
}

pub(super) async fn userinfo(State(app): State<App>, headers: HeaderMap) -> Response {
    let world = app.world.lock().await;
    let token = bearer(&headers).and_then(|token| world.books.bearer(token, app.clock.now()));
    match token.and_then(|authorization| app.persona(&authorization.persona)) {
        Some(persona) => Json(claims(persona, world.quirks.email)).into_response(),
        None => Refused(StatusCode::UNAUTHORIZED, "invalid_token").response(&world.quirks),
    }
}

fn claims(persona: &Persona, with_email: bool) -> Value {
    let mut claims = json!({"sub": persona.subject, "name": persona.name()});
    if with_email {
        claims["email"] = json!(persona.email);
        claims["email_verified"] = json!(true);
    }
    claims
}
