//! The authorization endpoint: where an application sends the browser.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::Response;

use crate::oauth::request::{AuthorizationRequest, Refusal};
use crate::oauth::user_agent;
use crate::pages;
use crate::params::Params;
use crate::signin;
use crate::signin::session::Session;
use crate::state::{App, Shared};

pub(crate) async fn authorize(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let answer = begin(&app, query.as_deref(), &headers).await;
    pages::or_refusal(&app, answer)
}

async fn begin(app: &Shared, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Refusal> {
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if user_agent::is_embedded(user_agent) {
        return Err(Refusal::embedded_browser());
    }
    let mut world = app.world.lock().await;
    let request = AuthorizationRequest::check(&Params::of_query(query), &world, app.settings.require_pkce)?;
    signin::begin(app, &mut world, request, &Session::of(headers))
}
