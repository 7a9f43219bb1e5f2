//! The layer around every call: its id, and what every answer carries.

use std::any::Any;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::ids::RequestId;
use tracing::Instrument;

use crate::{
    problem::Problem,
    server::{Notes, REQUEST_ID, request_id},
    state::Server,
};

/// Gives the call its id, and names it in the answer, in a refusal's body and in the log.
pub(super) async fn carry(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let id = request_id(&server.app, &request);
    request.extensions_mut().insert(id);
    let extensions = request.extensions();
    // The route, not the path: whatever a caller puts there by mistake, a token for one, stays out of the log.
    let route = extensions.get::<MatchedPath>();
    if let (Some(notes), Some(route)) = (Notes::of(extensions), route) {
        notes.route(route);
    }
    let route = route.map_or("", MatchedPath::as_str);
    let span = tracing::info_span!("api.call", request_id = %id, method = %request.method(), route);
    let response = next.run(request).instrument(span).await;
    let mut response = named(response, id);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
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

/// The answer when a handler panics.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal("the handler panicked").into_response()
}
