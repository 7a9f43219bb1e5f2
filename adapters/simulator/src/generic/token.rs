//! The token endpoint, in whatever manner the server has.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::books::{Authorization, Code, Minted, Refreshes, Unusable};
use super::identity;
use super::quirks::{ErrorStyle, ExpiresIn, Quirks, ShownBy};
use super::state::{App, Shared, World};
use crate::config::OAuthClient;
use crate::oauth::client_authentication::credentials;
use crate::oauth::error::NEVER_STORED;
use crate::params::Params;

/// An error as the standard tells it; the server's habit decides how it looks.
#[derive(Debug)]
pub(super) struct Refused(pub(super) StatusCode, pub(super) &'static str);

impl Refused {
    pub(super) fn response(&self, quirks: &Quirks) -> Response {
        let mut body = json!({"error": self.1, "error_description": "This server does not say more."});
        let status = match quirks.errors {
            ErrorStyle::Status => self.0,
            ErrorStyle::Ok => StatusCode::OK,
            ErrorStyle::OkFalse => {
                body["ok"] = json!(false);
                StatusCode::OK
            }
        };
        (status, NEVER_STORED, Json(body)).into_response()
    }
}

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const INVALID_GRANT: Refused = Refused(BAD, "invalid_grant");
const INVALID_REQUEST: Refused = Refused(BAD, "invalid_request");

pub(super) async fn token(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let mut world = app.world.lock().await;
    let now = app.clock.now();
    let answer = client(&world, &headers, &form).and_then(|client| match form.get("grant_type") {
        Some("authorization_code") => exchange(&app, &mut world, &client, &form, now),
        Some("refresh_token") => refresh(&mut world, &client, &form, now),
        Some(_) => Err(Refused(BAD, "unsupported_grant_type")),
        None => Err(INVALID_REQUEST),
    });
    match answer {
        Ok(tokens) => (NEVER_STORED, Json(tokens)).into_response(),
        Err(refused) => refused.response(&world.quirks),
    }
}

/// The application, if it shows itself in the way that this server wants.
pub(super) fn client(world: &World, headers: &HeaderMap, form: &Params) -> Result<OAuthClient, Refused> {
    const UNKNOWN: Refused = Refused(StatusCode::UNAUTHORIZED, "invalid_client");
    let in_header = headers.contains_key(AUTHORIZATION);
    let accepted = match world.quirks.client_shown_by {
        ShownBy::Header => in_header && form.get("client_secret").is_none(),
        ShownBy::Body => !in_header,
        ShownBy::Either => true,
    };
    if !accepted {
        return Err(UNKNOWN);
    }
    let (id, secret) = credentials(headers, form).map_err(|_| UNKNOWN)?;
    let client = world.client(&id).filter(|client| client.secret == secret);
    client.cloned().ok_or(UNKNOWN)
}

fn exchange(
    app: &Shared,
    world: &mut World,
    client: &OAuthClient,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Map<String, Value>, Refused> {
    let text = form.get("code").ok_or(INVALID_REQUEST)?;
    let code = world.books.take_code(text, &client.id, now).ok_or(INVALID_GRANT)?;
    if world.quirks.exact_redirect && form.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return Err(INVALID_GRANT);
    }
    if let Some(verifier) = form.get("code_verifier") {
        world.books.hear(verifier);
    }
    if !verifies(&code, form.get("code_verifier"), &world.quirks) {
        return Err(INVALID_GRANT);
    }
    let ends = end_of_access(&world.quirks, now);
    let minted = world.books.begin(code.authorization.clone(), Some(text), ends);
    let mut answer = answer(&world.quirks, &minted, &code.authorization);
    if world.quirks.refresh_token_for_code {
        answer.insert("refresh_token".into(), json!(minted.refresh_token));
    }
    if world.quirks.id_token {
        let nonce = code.nonce.as_deref().filter(|_| world.quirks.nonce_in_id_token);
        let token = identity::token(app, world, &code.authorization, nonce);
        let token = token.ok_or(Refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error"))?;
        answer.insert("id_token".into(), json!(token));
    }
    Ok(answer)
}

fn verifies(code: &Code, verifier: Option<&str>, quirks: &Quirks) -> bool {
    match (&code.challenge, verifier) {
        _ if !quirks.check_pkce => true,
        (Some(challenge), Some(verifier)) => challenge.is_answered_by(verifier),
        (None, None) => true,
        _ => false,
    }
}

fn refresh(
    world: &mut World,
    client: &OAuthClient,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Map<String, Value>, Refused> {
    let text = form.get("refresh_token").ok_or(INVALID_REQUEST)?;
    let how = Refreshes {
        rotate: world.quirks.rotate,
        now,
        grace_until: now + TimeDelta::seconds(world.quirks.reuse_grace_seconds.into()),
        expires_at: end_of_access(&world.quirks, now),
    };
    let refreshed = world.books.refresh(text, &client.id, how);
    let (minted, authorization) = refreshed.map_err(|unusable| {
        if unusable == Unusable::Reused {
            tracing::info!(client = %client.id, "a refresh token was presented after it had been replaced");
        }
        INVALID_GRANT
    })?;
    let mut answer = answer(&world.quirks, &minted, &authorization);
    if world.quirks.refresh_token_for_refresh {
        answer.insert("refresh_token".into(), json!(minted.refresh_token));
    }
    Ok(answer)
}

pub(super) fn end_of_access(quirks: &Quirks, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(quirks.access_token_seconds.into())
}

fn answer(quirks: &Quirks, minted: &Minted, authorization: &Authorization) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("access_token".into(), json!(minted.access_token));
    if quirks.token_type_in_answer {
        answer.insert("token_type".into(), json!("bearer"));
    }
    match quirks.expires_in {
        ExpiresIn::Number => {
            answer.insert("expires_in".into(), json!(quirks.access_token_seconds));
        }
        ExpiresIn::Text => {
            answer.insert("expires_in".into(), json!(quirks.access_token_seconds.to_string()));
        }
        ExpiresIn::Missing => {}
    }
    if quirks.scope_in_answer {
        let scopes = authorization.scopes.join(&quirks.scope_separator);
        answer.insert("scope".into(), json!(scopes));
    }
    answer
}
