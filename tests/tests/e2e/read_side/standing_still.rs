//! A row that stands still is told of, and freed.

use grantlink_tests::{conformance::Database, harness::Stage, on_both_databases};

use super::{equals_the_log, said, tamper};

on_both_databases!(a_link_that_stands_still_says_so_and_can_be_freed);

/// ES-8, as an agency and an operator see it.
/// Mutant: without the question for what stands still, the API says nothing of it, and this fails.
async fn a_link_that_stands_still_says_so_and_can_be_freed(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (still, other) = (stage.agency.fresh_link().await?, stage.agency.fresh_link().await?);
    for view in ["link_v1", "integration_v1"] {
        let key = if view == "link_v1" {
            &still.id
        } else {
            &still.integration
        };
        let park = "INSERT INTO view_parked (view, side, key, position, reason) VALUES";
        tamper(
            &stage.database,
            format!("{park} ('{view}', 'a', '{key}', 1, 'made up')"),
        )
        .await?;
    }
    stage.agency.revoke(&still).await?;
    stage.agency.revoke(&other).await?;
    let link = stage.agency.link_now(&other).await?;
    assert_eq!((&link["status"], &link["stale"]), (&"revoked".into(), &false.into()));
    let link = stage.agency.link_now(&still).await?;
    assert_eq!((&link["status"], &link["stale"]), (&"pending".into(), &true.into()));
    assert_eq!(stage.agency.integration_now(&still).await?["stale"], true);
    let listed = stage.agency.read("/links").await?;
    let stale = |link: &&serde_json::Value| link["stale"] == true;
    assert_eq!(listed["data"].as_array().into_iter().flatten().filter(stale).count(), 1);

    let told = said(&stage.run(&["views"]).await?)?;
    assert!(told.contains(&still.id) && told.contains("made up"), "{told}");
    for view in ["link", "integration"] {
        let freed = said(&stage.run(&["views", "retry", view]).await?)?;
        assert!(freed.contains("1 rows are whole again"), "{freed}");
    }
    let link = stage.agency.link_now(&still).await?;
    assert_eq!((&link["status"], &link["stale"]), (&"revoked".into(), &false.into()));
    equals_the_log(&stage).await
}
