//! The layer around every call: its id, its one line in the log, and what every answer carries.

use std::any::Any;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CACHE_CONTROL},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::ids::RequestId;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use crate::{problem::Problem, state::Server};

/// The call's id: the caller's own, where it is a UUID.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the call its id, and names it in the answer, in a refusal's body and in the log.
pub(super) async fn carry(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let id = given_id(request.headers()).unwrap_or_else(|| RequestId(server.app.entropy.id(server.app.clock.now())));
    request.extensions_mut().insert(id);
    // The route, not the path: whatever a caller puts there by mistake, a token for one, stays out of the log.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let span = tracing::info_span!("api.call", request_id = %id, method = %request.method(), route);
    let began = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = named(response, id);
    span.in_scope(|| note(&response, began));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn given_id(headers: &HeaderMap) -> Option<RequestId> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    Uuid::try_parse(text).ok().map(RequestId)
}

/// Names the call in a refusal. Headers that were added to it on its way (`Allow`) stay.
fn named(mut response: Response, id: RequestId) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let mut named = problem.request_id(id).into_response();
    for (name, value) in response.headers() {
        if name != axum::http::header::CONTENT_LENGTH {
            named.headers_mut().insert(name, value.clone());
        }
    }
    named
}

/// One line for every call; a failure's cause stands there and nowhere else.
fn note(response: &Response, began: Instant) {
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let cause = response.extensions().get::<Problem>().and_then(Problem::logged_cause);
    match (cause, response.status()) {
        (None, _) => tracing::info!(status, ?took, "served the call"),
        (Some(cause), StatusCode::SERVICE_UNAVAILABLE) => {
            tracing::warn!(status, ?took, cause, "could not serve the call now");
        }
        (Some(cause), _) => tracing::error!(status, ?took, cause, "could not serve the call"),
    }
}

/// The answer when a handler panics.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal("the handler panicked").into_response()
}
