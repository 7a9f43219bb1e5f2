//! A backup does not bring back who was erased.

use std::path::Path;

use anyhow::Context;
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::Stage,
    on_both_databases,
};
use reqwest::Method;
use serde_json::json;

use super::{BAKERY, connect, olive, readable};

on_both_databases!(
    an_erasure_that_was_begun_is_finished_by_the_next_start,
    an_erasure_that_is_refused_is_not_remembered,
);

/// VA-5: the database is put back as it was before the erasure. The ledger knows better, before anybody can read.
///
/// Mutant: without holding the ledger against the database at the start, Olive can be read again, and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_erased_again_before_the_server_answers() -> anyhow::Result<()> {
    run(Kind::Sqlite, restored).await
}

async fn restored(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let link = stage.agency.link(&place).await?;
    connect(&link, BAKERY).await?;
    stage.agency.integration_now(&link).await?; // the views know her too
    let known = readable(&stage).await?;
    stage.server.kill()?;
    let data = stage.database.path()?;
    let data = data.parent().context("no folder")?;
    let backup = tempfile::tempdir()?;
    copy(data, backup.path())?;

    stage.server.spawn_again()?;
    stage.server.wait_until_it_answers().await?;
    let path = format!("/customers/{}", place.customer);
    let confirm = json!({"confirm": place.customer});
    stage.agency.post(&format!("{path}/erase"), &confirm).await?.ok()?;
    stage.server.kill()?;
    for file in std::fs::read_dir(data)? {
        std::fs::remove_file(file?.path())?;
    }
    copy(backup.path(), data)?;
    assert_eq!(readable(&stage).await?, known, "the backup knows her");
    let backed_up = stage.database.everything().await?;
    assert!(olive().iter().any(|needle| needle.is_in(&backed_up)));

    stage.server.spawn_again()?;
    stage.server.wait_until_it_answers().await?;
    assert_eq!(readable(&stage).await?, known - 1);
    let read = stage.agency.call(Method::GET, &path, None, None).await?.ok()?;
    assert_eq!(read["name"], json!(null));
    let left = stage.database.everything().await?;
    for needle in olive() {
        assert!(!needle.is_in(&left), "{} came back", needle.name);
    }
    assert!(stage.server.said()?.contains("they are erased again"));
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in std::fs::read_dir(from)? {
        let file = file?;
        std::fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

/// The server died between the ledger's line and the commit: whoever asked was entitled to it, so it is done now.
async fn an_erasure_that_was_begun_is_finished_by_the_next_start(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let begun = json!({
        "subject": format!("customer:{}", place.customer), "agency": stage.agency.id,
        "step": "begun", "at": "2026-11-22T04:00:00Z",
    });
    let ledger = stage.files.folder().join("erasures.ndjson");
    std::fs::write(&ledger, format!("{begun}\n"))?;
    stage.server.restart().await?;
    assert_eq!(readable(&stage).await?, 0);
    let noted = std::fs::read_to_string(&ledger)?;
    assert!(noted.lines().count() == 2 && noted.contains("\"done\""), "{noted}");
    assert!(olive().iter().all(|needle| !needle.is_in(noted.as_bytes())));

    let again = stage.run(&["erase", "--reapply"]).await?;
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.contains("names 1; 0 of them were readable"), "{said}");
    Ok(())
}

async fn an_erasure_that_is_refused_is_not_remembered(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let nobody = "018f3c2a-7b1e-7c3d-9a4b-0123456789ab";
    let refused = stage
        .agency
        .post(&format!("/customers/{nobody}/erase"), &json!({"confirm": nobody}))
        .await?;
    assert_eq!(refused.status.as_u16(), 404);
    assert!(!stage.files.folder().join("erasures.ndjson").exists());
    let told = stage.run(&["erase", "customer", nobody, "--yes"]).await?;
    assert!(!told.status.success());
    Ok(())
}
