//! One line in the log for every page: its route, never its path, which may hold a link's token.

use axum::{
    extract::{MatchedPath, Request},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::Instant;
use tracing::Instrument;

/// Lets a request run to its end, and notes how it was answered. A handler that panics is answered like one that failed.
pub(super) async fn note(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!("connect", method = %request.method(), route);
    let began = Instant::now();
    // A task of its own: a browser that goes away now must not leave a step half done.
    let answered = tokio::spawn(next.run(request).instrument(span.clone())).await;
    let response = answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.in_scope(|| {
        if status >= 500 {
            tracing::error!(status, ?took, "could not serve the page");
        } else {
            tracing::info!(status, ?took, "served the page");
        }
    });
    response
}
