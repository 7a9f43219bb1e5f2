//! A connection changes while it is checked.

use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Stage, Then, now},
    on_both_databases,
};
use simulator::Fault;

use crate::flow::{BAKERY, CAKES, CONNECTED};

on_both_databases!(a_sign_in_during_a_check_ends_no_daily_check);

const WAITING: &str = "SELECT count(*) FROM job WHERE kind = 'check_daily' AND state = 'queued'";

/// A60: the provider is slow with its answer, and meanwhile the same person signs in for another place, which takes the first one's
/// sign-in over. What was answered says nothing then, but the first one goes on to be checked.
///
/// Mutant: when a check that was overtaken counts as one of nothing, its daily check has ended, and this fails.
async fn a_sign_in_during_a_check_ends_no_daily_check(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let first = stage.agency.bakery().await?;
    let link = stage.agency.link(&first).await?;
    let mut browser = Browser::new()?;
    browser
        .complete(&link.url, "olive", BAKERY)
        .await?
        .expect(200, CONNECTED)?;
    until!("the daily check waits", stage.database.number(WAITING).await? == 1);

    let asked = format!("/v1/{BAKERY}:fetchMultiDailyMetricsTimeSeries");
    let before = stage.google.count("GET", &asked);
    stage.google.inject_fault(Fault::delay(&asked, 4_000)).await;
    let tomorrow = Then::at(&stage, now() + TimeDelta::hours(26)).await?;
    let checked = tokio::spawn(async move {
        tomorrow.work_off().await?;
        tomorrow.close().await;
        anyhow::Ok(())
    });
    stage.google.wait_for("GET", &asked, before + 1).await;
    let place = stage.agency.another_location(&first, "The other shop").await?;
    let link = stage.agency.link(&place).await?;
    browser
        .complete(&link.url, "olive", CAKES)
        .await?
        .expect(200, CONNECTED)?;
    checked.await??;
    until!("both are checked", stage.database.number(WAITING).await? == 2);
    Ok(())
}
