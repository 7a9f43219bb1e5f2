//! How far each view is: what an operator's figures, health checks and `grantlink views` are made of.

use application::ports::{StoreError, log::EventLog};
use chrono::TimeDelta;
use domain::{Timestamp, log::Position};

use crate::{VIEWS, store::ViewStore};

/// How far one view is. It costs a few lookups by key, so it may be asked for often; rows are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The view's name.
    pub view: &'static str,
    /// The version of its shape that this program reads.
    pub version: u32,
    /// Everything up to here is in its rows, or parked.
    pub position: Position,
    /// The end of the log.
    pub head: Position,
    /// How many events it has not seen yet.
    pub lag_events: u64,
    /// How old the oldest of those is, in seconds; 0 when there is none.
    pub lag_seconds: u64,
    /// How many of its rows stand still behind an event that could not be folded.
    pub parked: u64,
}

/// How far every view of this version is, at the time `now`.
///
/// # Errors
/// When the log or the views cannot be read.
pub async fn progress(store: &dyn ViewStore, log: &dyn EventLog, now: Timestamp) -> Result<Vec<Progress>, StoreError> {
    let mut all = Vec::with_capacity(VIEWS.len());
    for view in VIEWS {
        let at = store.checkpoint(view).await?;
        let parked = store.parked(view, at.side).await?.len() as u64;
        let head = log.head().await?.max(at.position); // after the checkpoint, so that no lag is negative
        all.push(Progress {
            view: view.name,
            version: view.version,
            position: at.position,
            head,
            lag_events: head.0 - at.position.0,
            lag_seconds: age_of_next(log, at.position, head, now).await?,
            parked,
        });
    }
    Ok(all)
}

async fn age_of_next(
    log: &dyn EventLog,
    position: Position,
    head: Position,
    now: Timestamp,
) -> Result<u64, StoreError> {
    if position >= head {
        return Ok(0);
    }
    let next = log.at(&[Position(position.0 + 1)]).await?;
    let age = next.first().map_or(TimeDelta::zero(), |event| now - event.recorded_at);
    Ok(u64::try_from(age.num_seconds()).unwrap_or(0)) // clocks may differ a little
}
