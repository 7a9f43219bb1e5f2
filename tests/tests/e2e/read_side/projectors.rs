//! Nodes that keep the views are killed and doubled.

use std::time::Duration;

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Server, Stage, free_port},
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
        let mut other = double(&stage).await?;
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

/// Another node of the same installation, on a port of its own.
async fn double(stage: &Stage) -> anyhow::Result<Server> {
    let port = free_port()?;
    let (here, there) = (stage.server.port(), port);
    let text = stage.files.configuration()?;
    let text = text.replace(
        &format!("listen = \"127.0.0.1:{here}\""),
        &format!("listen = \"127.0.0.1:{there}\""),
    );
    let config = stage.files.folder().join("double.toml");
    std::fs::write(&config, text)?;
    Server::start(&config, &stage.files.folder().join("double.log"), port).await
}
