//! Serving until told to stop, and stopping cleanly.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    accept::{Line, accept},
    hosts::{Hosts, router},
    housekeeping, refused,
};
use crate::state::Server;

/// So long requests that are under way may take from the announcement that the server stops.
const LONGEST_FAREWELL: Duration = Duration::from_secs(25);
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// How much a node takes on at once.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Connections that are open.
    pub connections: usize,
    /// How long a new connection may take to send its first request's headers.
    pub first_request: Duration,
    /// Pages, and answers of providers, that are under way.
    pub public_requests: usize,
    /// Calls of the API that are under way.
    pub api_requests: usize,
}

/// Serves until the node's end is announced and reached; requests that are under way are answered.
pub async fn serve(listener: TcpListener, server: Server, hosts: Hosts, capacity: Capacity) {
    let (drain, measures) = (server.drain.clone(), server.measures.clone());
    let stop = drain.closed().clone();
    let tidying = tokio::spawn(tidy(server.clone(), stop.clone()));
    let housekeeping = tokio::spawn(housekeeping::keep(Arc::clone(&server.app), stop.clone()));
    let telling = tokio::spawn(refused::tell(measures.clone(), stop.clone()));
    let streaming = tokio::spawn(stop_feeds(server.clone(), drain.announced().clone()));
    let line = Line {
        connections: capacity.connections,
        first_request: capacity.first_request,
    };
    let app = router(server, hosts, capacity).layer(CatchPanicLayer::custom(panicked));
    tokio::select! {
        () = accept(listener, app, line, measures, stop) => {}
        () = farewell(drain.announced()) => tracing::warn!("stopped while requests were under way"),
    }
    drain.close();
    let _ = tokio::join!(tidying, housekeeping, telling, streaming); // they end with the token; how does not matter
}

/// The answer when a layer around the rooms panics. What it said is not for the log: it may hold anything.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Ends some time after the end was announced: a client that holds a connection open cannot hold the server.
async fn farewell(announced: &CancellationToken) {
    announced.cancelled().await;
    tokio::time::sleep(LONGEST_FAREWELL).await;
}

/// Streams never end by themselves, and what is under way is waited for.
async fn stop_feeds(server: Server, stop: CancellationToken) {
    stop.cancelled().await;
    server.feeds.stop();
}

async fn tidy(server: Server, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(TIDY_EVERY)).await.is_some() {
        server.limits.tidy().await;
    }
}
