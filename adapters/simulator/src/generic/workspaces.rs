//! The interfaces of an app of its own kind: who signed in, the workspaces of an account page by page, and each of them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::quirks::Listings;
use super::state::{App, Shared, World};
use super::token::{Refused, client};
use crate::business_profile::model::Listing;
use crate::oauth::userinfo::bearer;
use crate::params::Params;
use crate::personas::Persona;

/// So many stand on a page.
const PAGE: usize = 2;
const UNAUTHORIZED: Refused = Refused(StatusCode::UNAUTHORIZED, "invalid_token");

/// Who signed in, in words of its own.
pub(super) async fn me(State(app): State<App>, headers: HeaderMap) -> Response {
    let world = app.world.lock().await;
    let Some(persona) = persona(&app, &world, &headers) else {
        return UNAUTHORIZED.response(&world.quirks);
    };
    let mut user = json!({"uid": persona.subject, "full_name": persona.name()});
    if world.quirks.email {
        user["mail"] = json!(persona.email);
    }
    Json(json!({ "data": { "user": user } })).into_response()
}

/// A page of workspaces. The cursor of the next one stands beside them.
pub(super) async fn list(State(app): State<App>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let world = app.world.lock().await;
    let Some(persona) = persona(&app, &world, &headers) else {
        return UNAUTHORIZED.response(&world.quirks);
    };
    let all = match world.quirks.listings {
        Listings::Everything => persona.listings(),
        Listings::NoAccounts | Listings::EmptyAccount => vec![],
    };
    let query = Params::of_query(query.as_deref());
    let start = query.get("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let items: Vec<Value> = all.iter().skip(start).take(PAGE).map(|listing| item(listing)).collect();
    let next = (start + PAGE < all.len()).then(|| (start + PAGE).to_string());
    Json(json!({"workspaces": items, "paging": {"next": next}})).into_response()
}

/// One workspace, for whoever may see it.
pub(super) async fn one(State(app): State<App>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let world = app.world.lock().await;
    let Some(persona) = persona(&app, &world, &headers) else {
        return UNAUTHORIZED.response(&world.quirks);
    };
    let found = persona.listings().into_iter().find(|listing| listing.id == id);
    found.map_or(StatusCode::NOT_FOUND.into_response(), |listing| {
        Json(item(listing)).into_response()
    })
}

fn item(listing: &Listing) -> Value {
    let town = listing.address.as_ref().map(|address| &address.locality);
    json!({"uuid": listing.id, "label": listing.title, "place": {"town": town}})
}

/// RFC 7662, for a client that shows who it is: what a token of its own is good for.
pub(super) async fn introspect(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let world = app.world.lock().await;
    if let Err(refused) = client(&world, &headers, &form) {
        return refused.response(&world.quirks);
    }
    let token = form.get("token").unwrap_or_default();
    let Some(authorization) = world.books.bearer(token, app.clock.now()) else {
        return Json(json!({"active": false})).into_response();
    };
    let mut answer = json!({"active": true, "client_id": authorization.client_id, "token_type": "bearer"});
    if world.quirks.scope_in_answer {
        answer["scope"] = json!(authorization.scopes.join(&world.quirks.scope_separator));
    }
    Json(answer).into_response()
}

fn persona<'a>(app: &'a Shared, world: &World, headers: &HeaderMap) -> Option<&'a Persona> {
    let authorization = world.books.bearer(bearer(headers)?, app.clock.now())?;
    app.persona(&authorization.persona)
}
