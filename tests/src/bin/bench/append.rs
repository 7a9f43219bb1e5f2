//! Appending: one event of 410 bytes to a stream of its own, durable when it is answered.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use application::ports::log::CommitError;
use grantlink_load::{Load, Measured, drive};
use grantlink_tests::conformance::{Database, Draft, body, stream};

use crate::database::{On, on_new};

/// What fills an event's payload up to the length that all peers append.
pub(crate) fn filler() -> String {
    "x".repeat(382)
}

/// An event's payload of the length that all peers append.
pub(crate) fn payload() -> String {
    format!(r#"{{"Connected":{{"filler":"{}"}}}}"#, filler())
}

pub(crate) async fn run(load: Load, on: On, conflicts: u64) -> anyhow::Result<Measured> {
    on_new(on, move |database| measure(load, database, conflicts)).await
}

async fn measure(load: Load, database: Database, conflicts: u64) -> anyhow::Result<Measured> {
    let stores = database.open().await?;
    let moved_on = stream();
    stores
        .log
        .commit(Draft::default().appends(&moved_on, 0).commit())
        .await?;
    let (payload, turns) = (Arc::<str>::from(payload()), Arc::new(AtomicU64::new(0)));
    let measured = drive(&load, |_| {
        let (log, payload, turns, moved_on) = (stores.log.clone(), payload.clone(), turns.clone(), moved_on.clone());
        move || {
            let (log, body) = (log.clone(), body("Connected", &payload));
            let conflicts = turns.fetch_add(1, Ordering::Relaxed) % 100 < conflicts;
            let stream = if conflicts { moved_on.clone() } else { stream() };
            async move {
                match log
                    .commit(Draft::default().appends_with(&stream, 0, body).commit())
                    .await
                {
                    Ok(_) => anyhow::ensure!(!conflicts, "a conflict was not seen"),
                    Err(CommitError::Conflict(_)) => anyhow::ensure!(conflicts, "a conflict where there is none"),
                    Err(error) => return Err(error.into()),
                }
                Ok(true)
            }
        }
    })
    .await?;
    stores.close().await;
    Ok(measured)
}
