//! From an event to a job, through the real program.

use anyhow::Context;
use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Stage, Then, now},
    on_both_databases,
};
use serde_json::{Value, json};
use simulator::Fault;

use crate::flow::{BAKERY, CONNECTED};

on_both_databases!(
    a_job_that_always_fails_is_given_up_and_retried_by_hand,
    no_job_is_lost_or_doubled_when_the_server_is_killed_again_and_again,
    an_import_makes_no_jobs_of_history,
);

const REQUESTED: &str = "SELECT count(*) FROM events WHERE event_type = 'SyncRequested'";
const JOBS: &str = "SELECT count(*) FROM job WHERE kind = 'sync'";
const SYNC_AT: &str = "SELECT position FROM policy WHERE name = 'sync'";
const DONE: &str = "SELECT count(*) FROM job WHERE kind = 'sync' AND state = 'done'";

async fn syncs(stage: &Stage) -> anyhow::Result<Vec<Value>> {
    let jobs = stage.agency.read("/jobs").await?;
    let jobs = jobs["data"].as_array().context("no jobs")?.iter();
    Ok(jobs.filter(|job| job["kind"] == "sync").cloned().collect())
}

/// Whether the newest synchronisation says so.
async fn is(stage: &Stage, field: &str, says: &str) -> anyhow::Result<bool> {
    Ok(syncs(stage).await?.first().is_some_and(|job| job[field] == says))
}

async fn said(stage: &Stage, arguments: &[&str]) -> anyhow::Result<String> {
    Ok(String::from_utf8(stage.run(arguments).await?.stdout)?)
}

/// How many are dead, as the figures tell.
fn dead_jobs(figures: &str) -> Option<u64> {
    let rest = figures.split(r#"grantlink_jobs{state="dead"} "#).nth(1)?;
    rest.lines().next()?.trim().parse().ok()
}

/// A58: the connection is made; what the provider does not answer then is tried again, with growing pauses, and given up in the
/// end. Operators see it and begin it again once the provider is back.
async fn a_job_that_always_fails_is_given_up_and_retried_by_hand(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    let outage = Fault {
        times: u32::MAX,
        ..Fault::status("/v1/accounts*", 503)
    };
    stage.google.inject_fault(outage).await;
    browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    until!(
        "it was tried once",
        is(&stage, "reason", "the provider did not answer").await?
    );

    let mut at = now();
    until!("it is given up", {
        at += TimeDelta::hours(2); // longer than any pause
        let later = Then::at(&stage, at).await?;
        later.work_off().await?;
        later.close().await;
        is(&stage, "status", "dead").await?
    });
    let dead = syncs(&stage).await?.remove(0);
    assert_eq!(dead["attempts"], 12);
    assert_eq!(dead["about"]["integration"], json!(link.integration));

    // The check of the connection met the same outage, and may have been given up too.
    let listed = said(&stage, &["jobs", "--dead", "--json"]).await?;
    let listed: Vec<Value> = listed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert!(listed.contains(&dead), "{listed:?}");
    assert!(said(&stage, &["doctor"]).await?.contains("grantlink jobs --dead"));
    until!(
        "figures tell of it",
        dead_jobs(&stage.probe("/metrics").await?.text).is_some_and(|jobs| jobs > 0)
    );
    assert_eq!(
        stage.probe("/readyz").await?.status,
        200,
        "the node can serve all the same"
    );

    stage.google.clear_faults().await;
    let id = dead["id"].as_str().context("no id")?;
    assert!(said(&stage, &["jobs", "retry", id]).await?.contains("begun again"));
    until!("it is done", is(&stage, "status", "done").await?);
    assert_eq!(syncs(&stage).await?[0]["result"], "the listing is there");
    assert!(
        !stage.run(&["jobs", "drop", id]).await?.status.success(),
        "it is not dead"
    );
    Ok(())
}

/// Every connection asks for a synchronisation, and the server is killed in the moment after: before the job is written, while
/// it runs, or after it was done.
async fn no_job_is_lost_or_doubled_when_the_server_is_killed_again_and_again(database: Database) -> anyhow::Result<()> {
    const ROUNDS: i64 = 6;
    let mut stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    for _ in 0..ROUNDS {
        let link = stage.agency.link(&place).await?;
        Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
        stage.server.restart().await?;
    }
    until!("every job is done", stage.database.number(DONE).await? == ROUNDS);
    assert_eq!(stage.database.number(REQUESTED).await?, ROUNDS);
    assert_eq!(stage.database.number(JOBS).await?, ROUNDS, "one for each event");
    Ok(())
}

/// What had its jobs there makes none here, also where a policy had begun already, on an empty log; one that only this server has begins
/// at the end of what was imported.
async fn an_import_makes_no_jobs_of_history(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    stage.server.kill()?;
    let file = stage.files.folder().join("export").display().to_string();
    let exported = stage.run(&["export", "--with-vault", &file]).await?;
    anyhow::ensure!(exported.status.success(), "{exported:?}");

    let home = Database::in_folder(&std::env::temp_dir()).await?;
    home.execute("INSERT INTO policy (name, position) VALUES ('sync', 0), ('younger', 0)")
        .await?;
    let before = (
        stage.database.number(JOBS).await?,
        stage.database.number(SYNC_AT).await?,
    );
    stage.files.move_to(&home)?;
    let imported = stage.run(&["import", &file]).await?;
    anyhow::ensure!(imported.status.success(), "{imported:?}");
    assert_eq!((home.number(JOBS).await?, home.number(SYNC_AT).await?), before);
    let head = home.number("SELECT max(position) FROM events").await?;
    let younger = "SELECT position FROM policy WHERE name = 'younger'";
    assert_eq!(home.number(younger).await?, head);
    Ok(())
}
