//! What the server does by itself, beside serving.

use std::{sync::Arc, time::Duration};

use application::App;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_hours(1);

/// Deletes stored answers whose time is over and finishes erasures that were interrupted, now and every hour, until it is told to stop. Every node does it: what another one
/// has deleted is not there any more.
pub(super) async fn keep(app: Arc<App>, stop: CancellationToken) {
    loop {
        if let Err(error) = app.finish_erasures().await {
            tracing::warn!(%error, "erasures could not be finished, the next try is in an hour");
        }
        let pause = match app.forget_old_receipts().await {
            Ok(true) => Duration::ZERO,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "old answers could not be deleted, the next try is in an hour");
                EVERY
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}
