//! The remote control of a generic server: `/_simulator/..`, never part of the log.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::books::{Audit, Authorization, Minted};
use super::quirks::Quirks;
use super::state::App;
use super::token::end_of_access;
use super::trouble::Trouble;
use crate::config::OAuthClient;
use crate::request_log::LoggedRequest;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/_simulator/requests", get(requests).delete(clear_requests))
        .route("/_simulator/quirks", get(quirks).patch(change))
        .route("/_simulator/troubles", post(trouble).delete(clear_troubles))
        .route("/_simulator/clients", post(register))
        .route("/_simulator/clock", get(clock).post(advance))
        .route("/_simulator/tokens", get(tokens).post(mint))
        .route("/_simulator/people/{persona}/withdraw", post(withdraw))
        .route("/_simulator/keys/rotate", post(rotate_keys))
}

async fn requests(State(app): State<App>) -> Json<Vec<LoggedRequest>> {
    Json(app.log.requests())
}

async fn clear_requests(State(app): State<App>) -> StatusCode {
    app.log.clear();
    StatusCode::NO_CONTENT
}

async fn quirks(State(app): State<App>) -> Json<Quirks> {
    Json(app.world.lock().await.quirks.clone())
}

/// Changes the habits that are named, and answers with all of them.
async fn change(State(app): State<App>, Json(changes): Json<Map<String, Value>>) -> Response {
    let mut world = app.world.lock().await;
    match merged(&world.quirks, changes) {
        Ok(quirks) => {
            world.quirks = quirks.clone();
            Json(quirks).into_response()
        }
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    }
}

fn merged(quirks: &Quirks, changes: Map<String, Value>) -> serde_json::Result<Quirks> {
    let mut all = serde_json::to_value(quirks)?;
    if let Value::Object(all) = &mut all {
        all.extend(changes);
    }
    serde_json::from_value(all)
}

async fn trouble(State(app): State<App>, Json(trouble): Json<Trouble>) -> StatusCode {
    app.troubles.add(trouble).await;
    StatusCode::NO_CONTENT
}

async fn clear_troubles(State(app): State<App>) -> StatusCode {
    app.troubles.clear().await;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    id: String,
    secret: String,
    redirect_uris: Vec<String>,
}

async fn register(State(app): State<App>, Json(client): Json<Registration>) -> StatusCode {
    let client = OAuthClient::new(client.id, client.secret, client.redirect_uris);
    app.world.lock().await.register(client);
    StatusCode::NO_CONTENT
}

async fn clock(State(app): State<App>) -> Json<Value> {
    time(app.clock.now())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

async fn advance(State(app): State<App>, Json(advance): Json<Advance>) -> Json<Value> {
    app.clock.advance(advance.advance_seconds);
    time(app.clock.now())
}

fn time(now: DateTime<Utc>) -> Json<Value> {
    Json(json!({ "now": now }))
}

async fn tokens(State(app): State<App>) -> Json<Audit> {
    Json(app.world.lock().await.books.audit(app.clock.now()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    persona: String,
    client_id: String,
    #[serde(default)]
    scopes: Vec<String>,
}

/// Tokens as after a sign-in, without one.
async fn mint(State(app): State<App>, Json(mint): Json<Mint>) -> Result<Json<Minted>, StatusCode> {
    let mut world = app.world.lock().await;
    if app.persona(&mint.persona).is_none() || world.client(&mint.client_id).is_none() {
        return Err(StatusCode::NOT_FOUND);
    }
    let ends = end_of_access(&world.quirks, app.clock.now());
    let authorization = Authorization {
        persona: mint.persona,
        client_id: mint.client_id,
        scopes: mint.scopes,
    };
    Ok(Json(world.books.begin(authorization, None, ends)))
}

/// Somebody takes back, on this server's own pages, whatever they had allowed.
async fn withdraw(State(app): State<App>, Path(persona): Path<String>) -> Json<Value> {
    Json(json!({ "ended_families": app.world.lock().await.books.withdraw(&persona) }))
}

async fn rotate_keys(State(app): State<App>) -> StatusCode {
    match app.world.lock().await.keys.rotate() {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, "no new key");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
