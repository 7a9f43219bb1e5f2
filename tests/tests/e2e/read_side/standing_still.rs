//! A row that stands still is told of, and freed.

use std::time::{Duration, Instant};

use anyhow::ensure;
use grantlink_tests::{conformance::Database, harness::Stage, on_both_databases};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{equals_the_log, said, tamper};

on_both_databases!(
    a_link_that_stands_still_says_so_and_can_be_freed,
    a_row_that_cannot_be_read_stands_in_nobodys_way_and_says_what_mends_it,
);

/// ES-8, as an agency and an operator see it.
/// Mutant: without the question for what stands still, the API says nothing of it, and this fails.
async fn a_link_that_stands_still_says_so_and_can_be_freed(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (still, other) = (stage.agency.fresh_link().await?, stage.agency.fresh_link().await?);
    // A node tries what is parked once when it begins with a view: it has begun with both when they show the links.
    stage.agency.link_now(&still).await?;
    stage.agency.integration_now(&still).await?;
    for view in ["link_v1", "integration_v4"] {
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
    assert_eq!(link["stale_reason"], "event_not_folded");
    let parked = operators_see(&stage, "link").await?;
    let why = json!([{ "key": still.id, "position": 1, "reason": "made up" }]);
    assert_eq!((&parked["parked"], &parked["parked_rows"]), (&why, &json!(1)));
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

/// What operators are told of a view in which something stands still: the node looks once a second.
async fn operators_see(stage: &Stage, view: &str) -> anyhow::Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let told = stage.probe("/views").await?;
        let told: Value = if told.status == StatusCode::OK {
            told.json()?
        } else {
            Value::Null
        };
        let mut views = told["views"].as_array().into_iter().flatten();
        let found = views.find(|told| told["view"] == view && told["parked_rows"] != 0);
        if let Some(found) = found {
            return Ok(found.clone());
        }
        ensure!(Instant::now() < deadline, "nothing stands still: {told}");
        tokio::time::sleep(Duration::from_millis(20)).await; // until the next question
    }
}

/// One row that is damaged is no failure of the server: it alone is refused, in a word that never changes, and lists go on past it.
///
/// Mutant: with rows that cannot be read left out before the page is cut, the pages behind them are lost, and this fails.
async fn a_row_that_cannot_be_read_stands_in_nobodys_way_and_says_what_mends_it(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let mut links = vec![];
    for _ in 0..5 {
        links.push(stage.agency.fresh_link().await?);
    }
    stage.agency.link_now(&links[4]).await?;
    for (view, column, ids) in [
        ("link_v1_a", "details", [&links[3].id, &links[2].id]),
        (
            "integration_v4_a",
            "details",
            [&links[3].integration, &links[2].integration],
        ),
    ] {
        let [one, other] = ids;
        let damage = format!("UPDATE {view} SET {column} = 'no document' WHERE id IN ('{one}', '{other}')");
        ensure!(tamper(&stage.database, damage).await? == 2, "nothing was damaged");
    }
    for (path, view) in [
        (format!("/links/{}", links[3].id), "link"),
        (format!("/integrations/{}", links[3].integration), "integration"),
    ] {
        let refused = stage.agency.call(Method::GET, &path, None, None).await?;
        let problem = refused.json()?;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(problem["type"], "/problems/view-row-unreadable");
        let mend = format!("grantlink rebuild {view}");
        ensure!(
            problem["detail"].as_str().is_some_and(|text| text.contains(&mend)),
            "{problem}"
        );
    }
    for list in ["/links", "/integrations"] {
        let (mut read, mut left_out, mut next) = (0, 0, format!("{list}?limit=2"));
        loop {
            let page = stage.agency.call(Method::GET, &next, None, None).await?.ok()?;
            read += page["data"].as_array().map_or(0, Vec::len);
            left_out += page["unreadable"].as_u64().unwrap_or(0);
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            next = format!("{list}?limit=2&cursor={cursor}");
        }
        assert_eq!((read, left_out), (3, 2), "{list}");
    }
    said(&stage.run(&["rebuild", "--all"]).await?)?;
    assert_eq!(stage.agency.link_now(&links[3]).await?["status"], "pending");
    equals_the_log(&stage).await
}
