//! Accepting connections: so many and no more, none that never asks, none that is kept while others wait, and a clean end.

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
use futures_util::FutureExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::operations::Measures;

/// A kept connection may wait so long for its next request: longer than proxies keep theirs, so that they close first.
const LONGEST_WAIT: Duration = Duration::from_secs(75);
/// All headers of a request together.
const LONGEST_HEAD: usize = 64 * 1024;
/// So long the system gets to have files again, when it has no more of them.
const BREATH: Duration = Duration::from_millis(200);
/// Whoever finds no place asks one of the others to leave, and after so long another one.
const ASKED_TO_LEAVE: Duration = Duration::from_millis(100);

/// What one listener allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Connections that are open at once; for one more the oldest has to leave.
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

/// The places of connections.
struct Places {
    free: Arc<Semaphore>,
    wanted: Notify,
}

impl Places {
    /// A place, for who has come. Where there is none, the connection that is there longest is asked to leave: clients keep theirs open
    /// long after they need them.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(place);
        }
        loop {
            self.wanted.notify_one();
            if let Ok(place) = timeout(ASKED_TO_LEAVE, Arc::clone(&self.free).acquire_owned()).await {
                self.wanted.notified().now_or_never(); // when all had been asked before, nobody heard it: it is not for this one
                return place.ok();
            }
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
    let places = Arc::new(Places {
        free: Arc::new(Semaphore::new(line.connections)),
        wanted: Notify::new(),
    });
    let open = TaskTracker::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                turned_away(&error).await;
                continue;
            }
        };
        let Some(Some(place)) = stop.run_until_cancelled(places.take()).await else {
            break;
        };
        let (app, places, stop) = (app.clone(), Arc::clone(&places), stop.clone());
        let counted = (place, measures.connected());
        open.spawn(async move {
            talk(stream, peer, app, line, (&places.wanted, &stop)).await;
            drop(counted);
        });
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

/// One connection, from its first byte to its end, or until its place is wanted or all are stopped: then it ends with the request that
/// is under way.
async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    line: Line,
    (wanted, stop): (&Notify, &CancellationToken),
) {
    stream.set_nodelay(true).ok(); // slower, not wrong
    let asked = AtomicBool::new(false);
    let service = service_fn(|mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let mut connection = pin!(builder().serve_connection(TokioIo::new(stream), service));
    let mut silence = pin!(tokio::time::sleep(line.first_request));
    let mut has_to_leave = pin!(async {
        tokio::select! {
            () = wanted.notified() => {} // in the order in which they came
            () = stop.cancelled() => {}
        }
    });
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
            () = has_to_leave.as_mut(), if !is_ending => {
                if !asked.load(Ordering::Relaxed) {
                    return; // nothing is under way here
                }
                connection.as_mut().graceful_shutdown();
                is_ending = true;
            }
        }
    }
}

/// HTTP/1.1 alone: who begins with the words of another version is hung up on.
fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_WAIT)
        .max_buf_size(LONGEST_HEAD);
    builder
}
