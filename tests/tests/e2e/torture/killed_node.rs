//! ES-1: an acknowledged event is never lost or doubled, whenever the node is killed.

use grantlink_tests::{
    conformance::Database,
    on_both_databases,
    scale::scaled,
    seed::seed,
    torture::{Appender, Crowd, audit, figure},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{APPENDER, some_moment, some_time};

on_both_databases!(nothing_acknowledged_is_lost_or_doubled_by_killing_the_node);

/// ES-1. Clients resend what was not answered, with the same event ids, to the next life of the node.
///
/// Mutant `mutant-answer-before-commit`: what is answered before it is committed is lost here.
async fn nothing_acknowledged_is_lost_or_doubled_by_killing_the_node(database: Database) -> anyhow::Result<()> {
    let (kills, work, seed) = (scaled(10), scaled(600), seed());
    let mut chance = StdRng::seed_from_u64(seed);
    let mut appender = Appender::start(APPENDER, &database).await?;
    let mut crowd = Crowd::gather(seed, &[appender.line()])?;
    for kill in 0..kills {
        some_moment(&mut crowd, &mut chance, kill, kills, work).await?;
        appender.kill().await?;
        if chance.random_ratio(1, 4) {
            appender.start_in_vain(some_time(&mut chance)).await?;
        }
        appender.start_again().await?;
    }
    crowd.reaches(work).await?;
    let journal = crowd.disperse().await?;
    appender.kill().await?;
    let events = audit(&database.open().await?, &journal).await?;
    figure(&format!(
        "{kills} kills, {} commits, {events} events, 0 lost, 0 doubled",
        journal.len()
    ))
}
