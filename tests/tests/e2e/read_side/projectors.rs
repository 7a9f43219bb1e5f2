//! Nodes that keep the views are killed and doubled.

use std::time::Duration;

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage},
    on_both_databases,
    scale::scaled,
    seed::seed,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::equals_the_log;

on_both_databases!(views_equal_a_clean_fold_after_their_nodes_were_killed_and_doubled);

/// ES-7: links are issued and opened through one node while others come and are killed, and in the end that one, too.
async fn views_equal_a_clean_fold_after_their_nodes_were_killed_and_doubled(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let mut chance = StdRng::seed_from_u64(seed());
    for _ in 0..scaled(4) {
        let (mut other, _) = stage.another_node().await?;
        for _ in 0..3 {
            let link = stage.agency.fresh_link().await?;
            Browser::new()?.open_link(&link.url).await?;
            let pause = chance.random_range(Duration::ZERO..Duration::from_millis(20));
            tokio::time::sleep(pause).await; // which instant it is, is the chance of the story
        }
        other.kill()?;
        let link = stage.agency.fresh_link().await?;
        stage.server.restart().await?;
        stage.agency.link_now(&link).await?;
    }
    let last = stage.agency.fresh_link().await?;
    stage.agency.link_now(&last).await?;
    equals_the_log(&stage).await
}
