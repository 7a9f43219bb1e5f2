//! An event that nobody can read holds up nobody else.

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage},
    on_both_databases,
};
use serde_json::Value;

use crate::{
    flow::{BAKERY, CAKES},
    keeping::intruder::Intruder,
};

on_both_databases!(a_damaged_event_is_parked_and_makes_its_job_once_it_is_mended);

const REQUESTED: &str = "SELECT position FROM events WHERE event_type = 'SyncRequested' ORDER BY position LIMIT 1";
const JOBS: &str = "SELECT count(*) FROM job WHERE kind = 'sync'";
const DONE: &str = "SELECT count(*) FROM job WHERE kind = 'sync' AND state = 'done'";
const PARKED: &str = "SELECT count(*) FROM parked_event";

/// The event is damaged before the policy has seen it: as if the server had been killed in the moment between.
const DAMAGE: [&str; 4] = [
    "CREATE TABLE kept AS SELECT position, payload FROM events WHERE event_type = 'SyncRequested'",
    "UPDATE events SET payload = '{\"NoSuchThing\":{}}' WHERE event_type = 'SyncRequested'",
    "UPDATE policy SET position = (SELECT position FROM kept) - 1 WHERE name = 'sync'",
    "DELETE FROM job WHERE kind = 'sync'",
];
const MEND: &str = "UPDATE events SET payload = (SELECT payload FROM kept WHERE kept.position = events.position)
    WHERE position IN (SELECT position FROM kept)";

async fn connect(stage: &Stage, listing: &str) -> anyhow::Result<()> {
    let link = stage.agency.fresh_link().await?;
    Browser::new()?.complete(&link.url, "olive", listing).await?;
    Ok(())
}

async fn said(stage: &Stage, arguments: &[&str]) -> anyhow::Result<String> {
    Ok(String::from_utf8(stage.run(arguments).await?.stdout)?)
}

/// The policy goes on for everybody else, operators see what it went on without, and what is mended makes its job exactly
/// once, whoever lets it be seen again how often.
///
/// Mutant seen: when the policy stands before what is damaged, the next connection is never synchronised, and this fails.
async fn a_damaged_event_is_parked_and_makes_its_job_once_it_is_mended(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    connect(&stage, BAKERY).await?;
    until!("the first is done", stage.database.number(DONE).await? == 1);
    stage.server.kill()?;
    let mut intruder = Intruder::enter(&stage.database).await?;
    for statement in DAMAGE {
        intruder.run(statement, &[]).await?;
    }
    let position = stage.database.number(REQUESTED).await?;
    stage.server.restart().await?;
    connect(&stage, CAKES).await?;
    until!("the next is done", stage.database.number(DONE).await? == 1);

    let listed: Value = serde_json::from_str(&said(&stage, &["jobs", "--parked", "--json"]).await?)?;
    assert_eq!(
        (&listed["policy"], &listed["position"]),
        (&"sync".into(), &position.into())
    );
    assert!(said(&stage, &["doctor"]).await?.contains("grantlink jobs --parked"));
    until!(
        "figures tell of it",
        stage
            .probe("/metrics")
            .await?
            .text
            .contains("grantlink_jobs_parked_events 1")
    );
    let retry = ["jobs", "retry", "--parked"];
    assert!(!stage.run(&retry).await?.status.success(), "nothing is mended");
    assert_eq!(stage.database.number(JOBS).await?, 1);

    intruder.run(MEND, &[]).await?;
    let (one, other) = tokio::join!(stage.run(&retry), stage.run(&retry));
    assert!(one?.status.success() && other?.status.success());
    assert_eq!(stage.database.number(PARKED).await?, 0);
    until!("it is done", stage.database.number(DONE).await? == 2);
    stage.server.restart().await?;
    assert!(said(&stage, &retry).await?.starts_with("0 events"));
    assert_eq!(stage.database.number(JOBS).await?, 2, "one for each event");
    Ok(())
}
