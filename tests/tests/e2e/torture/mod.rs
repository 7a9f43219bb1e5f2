//! Races and crashes: what many callers, several nodes, strangers, broken lines and power cuts do to the log, at random and on
//! purpose. Nothing that was acknowledged is lost, and nothing stands twice.
//!
//! Each figure is a short one; `GRANTLINK_TEST_SCALE` makes it long, as `cargo xtask torture` does. `GRANTLINK_TEST_SEED` repeats
//! the choices of a run.

mod attacks;
mod audit;
mod crashed_database;
mod durable_before_answer;
mod full_disk;
mod interleavings;
mod killed_node;
mod left_callers;
mod line;
mod lost_answers;
mod mailed;
mod model;
mod mutants;
mod overloaded;
mod rebuilt_under_writes;
mod refreshing;
mod returned_connections;
mod silent_holder;
mod strangers_transaction;
mod tailing_readers;
mod two_nodes;

use std::time::Duration;

use grantlink_tests::torture::Crowd;
use rand::{RngExt, rngs::StdRng};
use tokio::time::sleep;

/// Longer than most appends take, so that any of their moments may be hit.
const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// The program that may be killed.
const APPENDER: &str = env!("CARGO_BIN_EXE_appender");

/// An instant by chance, in the given one of so many equal parts of a crowd's work.
async fn some_moment(
    crowd: &mut Crowd,
    chance: &mut StdRng,
    part: usize,
    parts: usize,
    work: usize,
) -> anyhow::Result<()> {
    crowd.reaches(work * part / parts).await?;
    sleep(some_time(chance)).await; // which instant it is, is the chance of the story
    Ok(())
}

fn some_time(chance: &mut StdRng) -> Duration {
    chance.random_range(Duration::ZERO..LONGEST_PAUSE)
}
