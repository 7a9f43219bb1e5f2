//! What can be asked for with a token, and what anybody can: listings, revocation, discovery, keys.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::quirks::{ErrorStyle, Listings, ShownBy};
use super::server::{AUTHORIZE, KEYS, REVOKE, TOKEN, USERINFO};
use super::state::{App, World};
use super::token::{Refused, client};
use crate::oauth::userinfo::bearer;
use crate::params::Params;

/// The one account that everything is in.
const ACCOUNT: &str = "accounts/1";
const UNAUTHORIZED: Refused = Refused(StatusCode::UNAUTHORIZED, "invalid_token");

pub(super) async fn accounts(State(app): State<App>, headers: HeaderMap) -> Response {
    let world = app.world.lock().await;
    match persona(&app, &world, &headers) {
        None => UNAUTHORIZED.response(&world.quirks),
        Some(_) if world.quirks.listings == Listings::NoAccounts => Json(json!({})).into_response(),
        Some(name) => Json(json!({"accounts": [{"name": ACCOUNT, "accountName": name}]})).into_response(),
    }
}

pub(super) async fn locations(State(app): State<App>, headers: HeaderMap) -> Response {
    let world = app.world.lock().await;
    let Some(id) = persona(&app, &world, &headers) else {
        return UNAUTHORIZED.response(&world.quirks);
    };
    if world.quirks.listings != Listings::Everything {
        return Json(json!({})).into_response();
    }
    let all = app.persona(id).map(|persona| persona.listings()).unwrap_or_default();
    let all: Vec<_> = all
        .into_iter()
        .map(|listing| Value::Object(listing.to_json()))
        .collect();
    Json(json!({"locations": all})).into_response()
}

pub(super) async fn standing(State(app): State<App>, headers: HeaderMap, Path(_): Path<String>) -> Response {
    let world = app.world.lock().await;
    match persona(&app, &world, &headers) {
        None => UNAUTHORIZED.response(&world.quirks),
        Some(_) => Json(json!({"verify": {}})).into_response(),
    }
}

fn persona<'a>(app: &App, world: &'a World, headers: &HeaderMap) -> Option<&'a str> {
    let authorization = world.books.bearer(bearer(headers)?, app.clock.now())?;
    Some(authorization.persona.as_str())
}

/// RFC 7009: an unknown token is a success as well. A server that is not strict asks nobody who they are.
pub(super) async fn revoke(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let mut world = app.world.lock().await;
    let by = if world.quirks.client_shown_by == ShownBy::Either {
        None
    } else {
        match client(&world, &headers, &form) {
            Ok(client) => Some(client.id),
            Err(refused) => return refused.response(&world.quirks),
        }
    };
    world.books.revoke(form.get("token").unwrap_or_default(), by.as_deref());
    if world.quirks.errors == ErrorStyle::OkFalse {
        return Json(json!({"ok": true})).into_response();
    }
    StatusCode::OK.into_response()
}

pub(super) async fn discovery(State(app): State<App>) -> Json<Value> {
    let base = &app.base_url;
    let quirks = &app.world.lock().await.quirks;
    let auth = match quirks.client_shown_by {
        ShownBy::Header => json!(["client_secret_basic"]),
        ShownBy::Body => json!(["client_secret_post"]),
        ShownBy::Either => json!(["client_secret_basic", "client_secret_post"]),
    };
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}{AUTHORIZE}"),
        "token_endpoint": format!("{base}{TOKEN}"),
        "userinfo_endpoint": format!("{base}{USERINFO}"),
        "revocation_endpoint": format!("{base}{REVOKE}"),
        "jwks_uri": format!("{base}{KEYS}"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": auth,
        "code_challenge_methods_supported": if quirks.check_pkce { json!(["plain", "S256"]) } else { json!([]) },
        "authorization_response_iss_parameter_supported": quirks.issuer_in_callback,
    }))
}

pub(super) async fn keys(State(app): State<App>) -> Response {
    Json(app.world.lock().await.keys.published()).into_response()
}
