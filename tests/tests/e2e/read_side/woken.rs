//! A node hears at once what another one commits.

use std::time::Duration;

use adapters::vault::Keyring;
use domain::{ids::InstallationId, log::Position};
use grantlink::{
    config::{Config, DatabaseConfig, KeysConfig, ServerConfig},
    installation::Installation,
};
use grantlink_tests::conformance::{Database, Draft, Kind, body, id, run, stream};
use projections::{
    link::LinkView,
    runner::{Pace, keep_all},
};

/// So seldom does the node look by itself: never, in this story.
const NEVER: Duration = Duration::from_hours(3);
const SOON: Duration = Duration::from_mins(1);

/// Mutant: without the words between nodes, this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_one_node_wakes_the_views_of_another_also_after_their_line_broke() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let keys = KeysConfig {
            file: None,
            text: Some(Keyring::generate(InstallationId(id())).to_toml()),
        };
        let (writes, follows) = (open(&database, &keys).await?, open(&database, &keys).await?);
        let pace = Pace {
            poll: NEVER,
            lease: NEVER,
            ..Pace::default()
        };
        let _kept = keep_all(&follows.sources, &follows.checkpoints, pace);
        for _ in 0..3 {
            is_heard(&writes, &follows).await?; // perhaps by the look after the line was made
            is_heard(&writes, &follows).await?; // by a word alone
            break_the_lines(&database).await?;
        }
        is_heard(&writes, &follows).await?;
        writes.close().await;
        follows.close().await;
        Ok(())
    })
    .await
}

async fn open(database: &Database, keys: &KeysConfig) -> anyhow::Result<Installation> {
    let config = Config {
        server: ServerConfig {
            public_url: "http://connect.localhost".to_owned(),
            ..ServerConfig::default()
        },
        database: DatabaseConfig {
            url: database.url()?.into(),
        },
        keys: keys.clone(),
        ..Config::default()
    };
    Installation::open(&config).await
}

async fn is_heard(writes: &Installation, follows: &Installation) -> anyhow::Result<()> {
    let draft = Draft::default().appends_with(&stream(), 0, body("Heard", "{}"));
    let position: Position = writes.app.log.commit(draft.commit()).await?.position;
    let view = LinkView::VIEW.name;
    Ok(follows.checkpoints.wait_for(view, position, SOON).await?)
}

async fn break_the_lines(database: &Database) -> anyhow::Result<()> {
    database
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'grantlink-neighbours' AND datname = current_database()",
        )
        .await
}
