//! Two nodes on one log, of which one is killed, or stops in the middle of what it does.

use std::time::Duration;

use anyhow::Context;
use grantlink_tests::{
    conformance::{Database, Kind, run},
    scale::scaled,
    seed::seed,
    torture::{Appender, Crowd, audit, figure},
};
use rand::{SeedableRng, rngs::StdRng};
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use super::{APPENDER, some_moment, some_time};

/// The log's lock may be waited for so long, and then there must be answers again.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// More answers than the node that stopped can have left on their way: some of them are the other's.
const GOES_ON: usize = 50;

/// So often a node is stopped in a row: it holds the mutant's lock in one instant out of two or three.
const STOPS: usize = 5;

/// ES-1, ES-5: one order without a gap, and the node that lives goes on.
///
/// Mutant `mutant-lock-held-by-client`: a node that is stopped while it holds the lock over a round trip stops the other one too.
/// Mutant `mutant-answer-before-commit`: what the killed node answered too early is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_on_when_the_other_is_killed_or_stopped() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let (rounds, work, seed) = (scaled(6), scaled(400), seed());
        let mut chance = StdRng::seed_from_u64(seed);
        let living = Appender::start(APPENDER, &database).await?;
        let mut victim = Appender::start(APPENDER, &database).await?;
        let mut crowd = Crowd::gather(seed, &[living.line(), victim.line()])?;
        for round in 0..rounds {
            some_moment(&mut crowd, &mut chance, round, rounds, work).await?;
            if round % 2 == 0 {
                victim.kill().await?;
                goes_on(&mut crowd).await.context("one node was killed")?;
                victim.start_again().await?;
            } else {
                for _ in 0..STOPS {
                    victim.signal(Signal::STOP)?;
                    goes_on(&mut crowd).await.context("one node was stopped")?;
                    victim.signal(Signal::CONT)?;
                    sleep(some_time(&mut chance)).await; // so that it is stopped in another instant
                }
            }
        }
        crowd.reaches(work).await?;
        let journal = crowd.disperse().await?;
        let events = audit(&database.open().await?, &journal).await?;
        figure(&format!(
            "{rounds} kills and stops of one node, {events} events in one order"
        ))
    })
    .await
}

async fn goes_on(crowd: &mut Crowd) -> anyhow::Result<()> {
    let answers = crowd.answers() + GOES_ON;
    let went_on = timeout(LONGEST_DELAY, crowd.reaches(answers)).await;
    went_on.context("the other node does not go on")?
}
