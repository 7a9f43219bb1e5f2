//! What broke and was repaired is reported, with how long that took.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Issue, Issued, Other, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::generic::Quirks;

use crate::flow::{BAKERY, CONNECTED};

on_both_databases!(a_connection_that_breaks_at_the_provider_is_reported_with_the_minutes_until_its_repair);

/// Reports tell minutes with one digit behind the point: less would not show.
const A_WHILE: Duration = Duration::from_secs(7);

/// A44-A48, A50: somebody takes the access back at the provider. Whoever needs the credentials next hears of it, the badge says so, the
/// report counts it; a link of the usual kind repairs it without anything being deleted, what the provider knows is fetched anew,
/// and the report tells the minutes, to the digit that the connection's own times give.
///
/// Mutants: when a new sign-in does not end what is broken, when it is refused because there is a connection, when it fetches nothing,
/// and when a report does not see that a new sign-in repairs, this fails.
async fn a_connection_that_breaks_at_the_provider_is_reported_with_the_minutes_until_its_repair(
    database: Database,
) -> anyhow::Result<()> {
    let short = Quirks {
        access_token_seconds: 60, // so short that each reader needs another one
        ..Quirks::strict()
    };
    let other = Other::start("strict", short).await?;
    let stage = Stage::set_among(database, &[(&other, "client_auth = \"basic\"")]).await?;
    let place = stage.agency.bakery().await?;
    let asked = Issue {
        provider: Some(other.id),
        ..Issue::default()
    };
    let link = stage.agency.link_with(&place, &asked).await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    credentials(&stage, &link).await?.1.as_str().context("no token")?;
    until!("it is fetched", fetched(&stage).await? == 1);

    other.server.withdraw("olive").await;
    let (status, problem) = credentials(&stage, &link).await?;
    assert_eq!(
        (status, &problem["type"], &problem["reason"]),
        (409, &json!("/problems/needs-reconnect"), &json!("expired_or_revoked"))
    );
    let badge = async || anyhow::Ok(stage.agency.integration_now(&link).await?["badge"]["status"].clone());
    until!("it shows", badge().await? == "needs_reconnect");
    let broken = stage.agency.integration_now(&link).await?;
    assert_eq!(broken["badge"]["usable"], false);
    let since = moment(&broken["health"]["since"])?;
    assert_eq!(figures(&stage, since).await?, (json!(1), json!(0), Value::Null));
    let began = Instant::now();
    until!("the customer finds the time", began.elapsed() > A_WHILE);

    let again = stage.agency.link_with(&place, &asked).await?;
    assert_eq!(again.integration, link.integration, "it is the same connection");
    let done = Browser::new()?.complete(&again.url, "olive", BAKERY).await?;
    done.expect(200, CONNECTED)?;
    let well = stage.agency.integration_now(&link).await?;
    assert_eq!(
        (&well["badge"]["status"], &well["badge"]["usable"]),
        (&json!("via_link"), &json!(true))
    );
    let took = moment(&well["reconnected_at"])? - since;
    assert!(took >= TimeDelta::seconds(7), "{took}");
    #[expect(clippy::cast_precision_loss, reason = "seconds of a test")]
    let minutes = (took.num_seconds() as f64 / 6.0).round() / 10.0;
    assert_eq!(figures(&stage, since).await?, (json!(1), json!(1), json!(minutes)));
    assert_eq!(credentials(&stage, &link).await?.0, 200);
    until!("it is fetched anew", fetched(&stage).await? == 2);
    Ok(())
}

/// Somebody needs the credentials: the answer's status, and the token or the problem.
async fn credentials(stage: &Stage, link: &Issued) -> anyhow::Result<(u16, Value)> {
    let path = format!("/integrations/{}/credentials?purpose=figures", link.integration);
    let answer = stage.agency.call(Method::GET, &path, None, None).await?;
    let json = answer.json()?;
    let told = if answer.status.is_success() {
        json["access_token"].clone()
    } else {
        json
    };
    Ok((answer.status.as_u16(), told))
}

/// What a report tells: how many broke, how many were repaired, and how many minutes that took.
async fn figures(stage: &Stage, since: DateTime<Utc>) -> anyhow::Result<(Value, Value, Value)> {
    let day = |days: i64| (since + TimeDelta::days(days)).format("%Y-%m-%d");
    let path = format!("/reports/days?from={}&to={}&group_by=total", day(-1), day(1));
    let report = stage.agency.read(&path).await?;
    let total = &report["data"][0];
    let told = |name: &str| total[name].clone();
    Ok((told("broken"), told("repaired"), told("median_minutes_to_repair")))
}

/// How often the connection was looked at because it had changed.
async fn fetched(stage: &Stage) -> anyhow::Result<i64> {
    stage
        .database
        .number("SELECT count(*) FROM job WHERE kind = 'sync' AND state = 'done'")
        .await
}

fn moment(text: &Value) -> anyhow::Result<DateTime<Utc>> {
    Ok(text.as_str().context("no time")?.parse()?)
}
