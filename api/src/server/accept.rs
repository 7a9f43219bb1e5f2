//! Accepting connections: so many and no more, none that never asks, and a clean end.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::operations::Measures;

/// A kept connection may wait so long for its next request: longer than proxies keep theirs, so that they close first.
const LONGEST_WAIT: Duration = Duration::from_secs(75);
/// All headers of a request together.
const LONGEST_HEAD: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 64;
/// An HTTP/2 peer that is silent so long is asked whether it is there, and has as long to answer.
const PING_EVERY: Duration = Duration::from_secs(20);
/// So long the system gets to have files again, when it has no more of them.
const BREATH: Duration = Duration::from_millis(200);

/// What one listener allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Connections that are open at once; more wait to be accepted.
    pub(crate) connections: usize,
    /// How long a new connection may take to send its first request's headers.
    pub(crate) first_request: Duration,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            connections: 256,
            first_request: Duration::from_secs(10),
        }
    }
}

/// Serves until it is told to stop, and until every connection has ended then: each with the request that is under way.
pub(crate) async fn accept(
    listener: TcpListener,
    app: Router,
    line: Line,
    measures: Measures,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(line.connections));
    let open = TaskTracker::new();
    while let Some(Ok(place)) = stop.run_until_cancelled(places.clone().acquire_owned()).await {
        match stop.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Ok((stream, peer))) => {
                let talk = talk(stream, peer, app.clone(), line, stop.clone());
                let counted = (place, measures.connected());
                open.spawn(async move {
                    talk.await;
                    drop(counted);
                });
            }
            Some(Err(error)) => turned_away(&error).await,
        }
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// One that left before it was accepted is no news; anything else is the system's, which may be out of files.
async fn turned_away(error: &std::io::Error) {
    let left = [
        ErrorKind::ConnectionAborted,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionRefused,
    ];
    if !left.contains(&error.kind()) {
        tracing::error!(%error, "no connection can be accepted");
        tokio::time::sleep(BREATH).await;
    }
}

/// One connection, from its first byte to its end.
async fn talk(stream: TcpStream, peer: SocketAddr, app: Router, line: Line, stop: CancellationToken) {
    stream.set_nodelay(true).ok(); // slower, not wrong
    let asked = AtomicBool::new(false);
    let service = service_fn(|mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut silence = pin!(tokio::time::sleep(line.first_request));
    let (mut is_new, mut is_ending) = (true, false);
    loop {
        tokio::select! {
            _ = connection.as_mut() => return, // how a peer leaves is its own affair
            () = silence.as_mut(), if is_new => {
                if !asked.load(Ordering::Relaxed) {
                    return;
                }
                is_new = false;
            }
            () = stop.cancelled(), if !is_ending => {
                if !asked.load(Ordering::Relaxed) {
                    return; // nothing is under way here
                }
                connection.as_mut().graceful_shutdown();
                is_ending = true;
            }
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_WAIT)
        .max_buf_size(LONGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX))
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_EVERY);
    builder
}
