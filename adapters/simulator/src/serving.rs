//! A server on loopback that answers requests until it is stopped or dropped: what all of them have in common.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::StartError;

/// How long a connection that is still busy may hold up the end.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(3);

/// Listens on an address of this machine, and says which it became.
///
/// # Errors
/// When the address is not loopback, or taken.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    let bind = |source| StartError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    Ok((listener, bound))
}

/// A router at work.
#[derive(Debug)]
pub(crate) struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Serving {
    pub(crate) fn begin((listener, address): (TcpListener, SocketAddr), router: Router) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // Either word means the same: somebody said stop, or the owner is gone.
            let until = async { drop(stopped.await) };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "a simulator ended");
            }
        });
        Self {
            address,
            stop: Some(stop),
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and waits for requests under way.
    pub(crate) async fn stop(mut self) {
        self.say_stop();
        if tokio::time::timeout(PATIENCE_AT_THE_END, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }

    fn say_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended already, and then there is nobody to tell.
            let _ = stop.send(());
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.say_stop();
    }
}
