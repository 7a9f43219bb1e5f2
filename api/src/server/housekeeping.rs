//! What a node does by itself, beside serving and its jobs.

use std::{sync::Arc, time::Duration};

use application::App;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(15);

/// Finishes erasures that were interrupted, or whose views took too long, now and every few seconds, until it is told to stop. Every
/// node does it, and it is no job: the ledger that names them is a file of this machine.
pub(super) async fn keep(app: Arc<App>, stop: CancellationToken) {
    loop {
        if let Err(error) = app.finish_erasures().await {
            tracing::warn!(%error, "erasures could not be finished, they are tried again");
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}
