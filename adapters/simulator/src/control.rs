//! The remote control for tests that run in another process: `/_simulator/..`, never part of the log.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account_state::AccountState;
use crate::config::OAuthClient;
use crate::faults::Fault;
use crate::oauth::ledger::{LiveGrant, TokenAudit};
use crate::request_log::LoggedRequest;
use crate::state::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/_simulator/requests", get(requests).delete(clear_requests))
        .route("/_simulator/grants", get(grants))
        .route("/_simulator/tokens", get(tokens))
        .route("/_simulator/accounts/{persona}", get(account).put(set_account))
        .route("/_simulator/accounts/{persona}/withdraw", post(withdraw))
        .route("/_simulator/clients", post(register_client))
        .route("/_simulator/clock", get(clock).post(advance_clock))
        .route("/_simulator/faults", post(inject_fault).delete(clear_faults))
        .route("/_simulator/keys/rotate", post(rotate_keys))
}

async fn requests(State(app): State<App>) -> Json<Vec<LoggedRequest>> {
    Json(app.log.requests())
}

async fn clear_requests(State(app): State<App>) -> StatusCode {
    app.log.clear();
    StatusCode::NO_CONTENT
}

async fn grants(State(app): State<App>) -> Json<Vec<LiveGrant>> {
    Json(app.world.lock().await.ledger.live_grants(app.clock.now()))
}

async fn tokens(State(app): State<App>) -> Json<TokenAudit> {
    Json(app.world.lock().await.ledger.audit(app.clock.now()))
}

async fn account(State(app): State<App>, Path(persona): Path<String>) -> Json<AccountState> {
    Json(app.world.lock().await.state_of(&persona))
}

/// Puts an account into a state: what is not named is as usual again.
async fn set_account(
    State(app): State<App>,
    Path(persona): Path<String>,
    Json(state): Json<AccountState>,
) -> StatusCode {
    if app.persona(&persona).is_none() {
        return StatusCode::NOT_FOUND;
    }
    app.world.lock().await.accounts.insert(persona, state);
    StatusCode::NO_CONTENT
}

/// Somebody takes back, on Google's own pages, whatever they had allowed.
async fn withdraw(State(app): State<App>, Path(persona): Path<String>) -> Json<Value> {
    let ended = app.world.lock().await.ledger.withdraw(&persona, app.clock.now());
    Json(json!({ "ended_refresh_tokens": ended }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    id: String,
    secret: String,
    redirect_uris: Vec<String>,
}

async fn register_client(State(app): State<App>, Json(client): Json<Registration>) -> StatusCode {
    let client = OAuthClient::new(client.id, client.secret, client.redirect_uris);
    app.world.lock().await.register(client);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

#[derive(Serialize)]
struct Time {
    now: DateTime<Utc>,
}

async fn clock(State(app): State<App>) -> Json<Time> {
    Json(Time { now: app.clock.now() })
}

async fn advance_clock(State(app): State<App>, Json(advance): Json<Advance>) -> Json<Time> {
    app.clock.advance(advance.advance_seconds);
    Json(Time { now: app.clock.now() })
}

async fn inject_fault(State(app): State<App>, Json(fault): Json<Fault>) -> StatusCode {
    app.faults.add(fault).await;
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(app): State<App>) -> StatusCode {
    app.faults.clear().await;
    StatusCode::NO_CONTENT
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
