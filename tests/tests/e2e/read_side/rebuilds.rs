//! A view is rebuilt while the server serves and is written to.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::ensure;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage, program},
    on_both_databases,
    scale::scaled,
    seed::seed,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{equals_the_log, said, tamper};

on_both_databases!(
    a_row_changed_by_hand_is_found_by_a_dry_run_and_mended_by_a_rebuild,
    a_rebuild_that_is_killed_under_writes_leaves_the_view_and_the_next_one_ends,
);

/// The code of a dry run that found something.
const DIFFERS: i32 = 3;

/// ES-9. A rebuild appends nothing.
async fn a_row_changed_by_hand_is_found_by_a_dry_run_and_mended_by_a_rebuild(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (link, other) = (stage.agency.fresh_link().await?, stage.agency.fresh_link().await?);
    stage.agency.link_now(&other).await?;
    let changed = format!("UPDATE link_v1_a SET status = 'declined' WHERE id = '{}'", link.id);
    assert_eq!(tamper(&stage.database, changed).await?, 1);

    let found = stage.run(&["rebuild", "link", "--dry-run"]).await?;
    let told = String::from_utf8(found.stdout)?;
    assert_eq!(found.status.code(), Some(DIFFERS), "{told}");
    assert!(told.contains(&format!("{}: differs in status", link.id)), "{told}");
    assert!(!told.contains(&other.id), "{told}");
    assert_eq!(stage.agency.link_now(&link).await?["status"], "declined");

    let events = stage.database.number("SELECT count(*) FROM events").await?;
    said(&stage.run(&["rebuild", "link"]).await?)?;
    assert_eq!(stage.database.number("SELECT count(*) FROM events").await?, events);
    assert_eq!(stage.agency.link_now(&link).await?["status"], "pending");
    equals_the_log(&stage).await
}

/// ES-9: no read fails meanwhile, and in the end nothing is missing.
/// Mutant: a rebuild that takes the side that is read does not end well, and this fails.
async fn a_rebuild_that_is_killed_under_writes_leaves_the_view_and_the_next_one_ends(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let mut chance = StdRng::seed_from_u64(seed());
    for _ in 0..scaled(20) {
        issue_open_and_read(&stage).await?;
    }
    for _ in 0..scaled(3) {
        let mut rebuild = Command::new(program()?)
            .arg("--config")
            .arg(stage.files.config())
            .args(["rebuild", "link"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        issue_open_and_read(&stage).await?;
        let pause = chance.random_range(Duration::ZERO..Duration::from_millis(300));
        tokio::time::sleep(pause).await; // which instant it is, is the chance of the story
        rebuild.kill()?;
        rebuild.wait()?;
        issue_open_and_read(&stage).await?;
    }
    let last = async {
        let done = stage.run(&["rebuild", "--all"]).await?;
        said(&done)
    };
    let writes = async {
        for _ in 0..scaled(20) {
            issue_open_and_read(&stage).await?;
        }
        anyhow::Ok(())
    };
    let (last, ()) = tokio::try_join!(last, writes)?;
    ensure!(last.contains("is rebuilt"), "{last}");
    equals_the_log(&stage).await
}

/// What was just issued can be read at once, whichever side is live.
async fn issue_open_and_read(stage: &Stage) -> anyhow::Result<()> {
    let link = stage.agency.fresh_link().await?;
    Browser::new()?.open_link(&link.url).await?;
    let now = stage.agency.link_now(&link).await?;
    ensure!(now["status"] == "pending", "{now}");
    Ok(())
}
