//! How long the views took to show what a command did, as steps of its trace.

use std::{sync::LazyLock, time::Duration};

use adapters::traces::is_kept;
use application::step::STEP;
use domain::log::Position;
use futures_util::future::join_all;
use projections::{VIEWS, View, checkpoints::Checkpoints};
use tokio::sync::Semaphore;
use tracing::{Instrument, Span, field::Empty};

/// A view that takes longer is said to have been too slow.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Commands that are followed at once. To trace more would itself be load.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(32));

/// Follows a commit into every view, beside the answer, where anybody will see it.
pub(crate) fn follow(checkpoints: &Checkpoints, position: Position) {
    let steps: Vec<(View, Span)> = VIEWS.iter().map(|view| (*view, step(view))).collect();
    if !steps.iter().any(|(_, step)| is_kept(step)) {
        return;
    }
    let Ok(place) = PLACES.try_acquire() else { return };
    let checkpoints = checkpoints.clone();
    tokio::spawn(async move {
        let _place = place;
        let waits = steps
            .into_iter()
            .map(|(view, step)| shown(&checkpoints, view, position, step));
        join_all(waits).await;
    });
}

fn step(view: &View) -> Span {
    tracing::info_span!(target: STEP, "view", name = "view shows it", grantlink.view = view.name, failed = Empty)
}

async fn shown(checkpoints: &Checkpoints, view: View, position: Position, step: Span) {
    let waiting = checkpoints.wait_for(view.name, position, LONGEST_WAIT);
    if waiting.instrument(step.clone()).await.is_err() {
        step.record("failed", true);
    }
}
