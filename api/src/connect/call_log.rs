//! Every page runs to its end, in a span that names its route: never its path, which may hold a link's token.

use axum::{
    extract::{MatchedPath, Request},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::server::{Notes, Place};

/// Lets a request run to its end. A handler that panics is answered like one that failed.
pub(super) async fn note(mut request: Request, next: Next) -> Response {
    let place = request.extensions_mut().remove::<Place>();
    let extensions = request.extensions();
    let route = extensions.get::<MatchedPath>();
    if let (Some(notes), Some(route)) = (Notes::of(extensions), route) {
        notes.route(route);
    }
    let route = route.map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("connect", method = %request.method(), route);
    // A task of its own: a browser that goes away now must not leave a step half done. It keeps the place that it takes.
    let answering = async move {
        let response = next.run(request).await;
        drop(place);
        response
    };
    let answered = tokio::spawn(answering.instrument(span)).await;
    answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
