//! Serving until told to stop, and stopping cleanly.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use super::{
    hosts::{Hosts, router},
    housekeeping,
};
use crate::state::Server;

/// Longer than the slowest provider may take; a body that trickles in is not waited for.
const LONGEST_REQUEST: Duration = Duration::from_secs(100);
/// So long requests that are under way may take when the server is told to stop.
const LONGEST_FAREWELL: Duration = Duration::from_secs(25);
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Serves until `stop` is cancelled; requests that are under way are answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    server: Server,
    hosts: Hosts,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let tidying = tokio::spawn(tidy(server.clone(), stop.clone()));
    let housekeeping = tokio::spawn(housekeeping::keep(Arc::clone(&server.app), stop.clone()));
    let streaming = tokio::spawn(stop_feeds(server.clone(), stop.clone()));
    let limits = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            LONGEST_REQUEST,
        ));
    let service = router(server, hosts)
        .layer(limits)
        .into_make_service_with_connect_info::<SocketAddr>();
    let (stopped, late) = (stop.clone(), stop.clone());
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move { stopped.cancelled().await });
    tokio::select! {
        ended = serving => ended?,
        () = farewell(late) => tracing::warn!("stopped while requests were under way"),
    }
    stop.cancel();
    let _ = tokio::join!(tidying, housekeeping, streaming); // they end with the token; how does not matter
    Ok(())
}

/// Ends some time after the server was told to stop: a client that holds a connection open cannot hold the server.
async fn farewell(stop: CancellationToken) {
    stop.cancelled().await;
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
