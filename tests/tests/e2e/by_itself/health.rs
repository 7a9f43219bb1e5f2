//! What a connection is good for is found out by itself.

use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Issued, Stage, Then, now},
    on_both_databases,
};
use serde_json::{Value, json};
use simulator::{AccountState, Capability};

use crate::flow::{BAKERY, CONNECTED};

on_both_databases!(a_connection_is_checked_when_it_is_made_and_every_day);

const DAILY: &str = "SELECT count(*) FROM job WHERE kind = 'check_daily' AND state = 'queued'";
const NEWS: &str = "SELECT count(*) FROM events WHERE event_type = 'CapabilityChanged'";

async fn health(stage: &Stage, link: &Issued) -> anyhow::Result<Value> {
    Ok(stage.agency.integration_now(link).await?["health"].clone())
}

fn state_of(health: &Value, capability: &str) -> Value {
    let mut all = health["capabilities"].as_array().into_iter().flatten();
    all.find(|one| one["capability"] == capability)
        .map_or(Value::Null, |one| one["state"].clone())
}

/// A2, A60: what Google allows is known soon after the sign-in, what it denies within a day, and at once for whoever asks. What stays
/// as it was is no event.
///
/// Mutants: when the daily check does not come round, when what stays as it was is an event, and when a refusal counts as a listing that
/// is gone, this fails.
async fn a_connection_is_checked_when_it_is_made_and_every_day(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    Browser::new()?
        .complete(&link.url, "olive", BAKERY)
        .await?
        .expect(200, CONNECTED)?;
    until!("it is checked", health(&stage, &link).await?["status"] == "ok");
    let well = health(&stage, &link).await?;
    assert_eq!(state_of(&well, "reviews_reply"), "ok");
    assert!(well["capabilities"][0]["last_answer_at"].is_string(), "{well}");
    until!("the daily check waits", stage.database.number(DAILY).await? == 1);

    let denied = AccountState {
        denied: vec![Capability::Metrics],
        ..AccountState::default()
    };
    stage.google.set_account("olive", denied).await;
    let tomorrow = Then::at(&stage, now() + TimeDelta::hours(26)).await?;
    tomorrow.work_off().await?;
    tomorrow.close().await;
    until!(
        "the refusal shows",
        health(&stage, &link).await?["status"] == "degraded"
    );
    let ill = health(&stage, &link).await?;
    assert_eq!(state_of(&ill, "metrics"), "permission_denied");
    assert!(
        ill["capabilities"][2]["guide"]
            .as_str()
            .is_some_and(|guide| guide.starts_with("https://")),
        "{ill}"
    );
    assert_eq!(
        stage.agency.integration_now(&link).await?["badge"]["status"],
        "via_link",
        "it goes on"
    );
    assert_eq!(stage.database.number(DAILY).await?, 1, "it comes round");

    stage.google.set_account("olive", AccountState::default()).await;
    let path = format!("/integrations/{}/check", link.integration);
    let checked = stage.agency.post(&path, &json!({})).await?.ok()?;
    assert_eq!(
        (&checked["changed"], &checked["answers"][2]["answer"]),
        (&json!(1), &json!("allowed"))
    );
    until!("it shows at once", health(&stage, &link).await?["status"] == "ok");
    assert_eq!(
        stage.database.number(NEWS).await?,
        5,
        "three at first, one lost, one back"
    );
    Ok(())
}
