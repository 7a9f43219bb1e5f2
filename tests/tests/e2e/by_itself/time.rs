//! Time passes, on a clock that is moved.

use std::sync::Arc;

use application::{links::SweepLinks, ports::links::OpenLinks};
use chrono::TimeDelta;
use grantlink::installation::Installation;
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::{Browser, Consent, Stage, Then, now},
    on_both_databases,
};

use serde_json::json;

use crate::flow::BAKERY;

on_both_databases!(
    eight_days_later_every_due_link_expires_once_on_two_nodes_at_once,
    a_sign_in_that_is_abandoned_for_an_hour_ends_and_the_link_goes_on,
);

const EXPIRED: &str = "SELECT count(*) FROM events WHERE aggregate_type = 'connect_link' AND event_type = 'Expired'";
const CLOSED: &str = "SELECT count(*) FROM events WHERE event_type = 'LinkClosed' AND payload LIKE '%expired%'";
const CLOSED_POSTGRES: &str =
    "SELECT count(*) FROM events WHERE event_type = 'LinkClosed' AND payload::text LIKE '%expired%'";
const TOKENS: &str = "SELECT count(*) FROM vault WHERE kind = 'link_token'";

async fn count(stage: &Stage, sql: &'static str) -> anyhow::Result<usize> {
    Ok(usize::try_from(stage.database.number(sql).await?)?)
}

async fn sweep(node: &Installation) -> anyhow::Result<usize> {
    let swept = SweepLinks(Arc::clone(&node.views) as _).sweep(&node.app).await?;
    assert_eq!(swept.failed, 0);
    Ok(swept.expired)
}

/// A37: not only whoever meets it: both nodes sweep, past the lease that would keep one of them away, and three workers do it
/// the usual way. What revoked or completed links went through is left alone, and so are those that still live.
///
/// Mutant: when `expire` does not look at how the link ended, whoever comes second expires it once more, and this fails.
async fn eight_days_later_every_due_link_expires_once_on_two_nodes_at_once(database: Database) -> anyhow::Result<()> {
    const LINKS: usize = 30;
    let stage = Stage::set(database).await?;
    for _ in 0..LINKS {
        stage.agency.fresh_link().await?;
    }
    let revoked = stage.agency.fresh_link().await?;
    stage.agency.revoke(&revoked).await?;
    let later = now() + TimeDelta::days(8);
    let young = Then::at(&stage, later - TimeDelta::days(1)).await?;
    let living = young.issue(&stage.agency, &stage.agency.bakery().await?, None).await?;
    young.close().await;
    stage.agency.link_now(&living).await?; // the view knows of them all

    let nodes = [Then::at(&stage, later).await?, Then::at(&stage, later).await?];
    let [here, there] = [nodes[0].installation(), nodes[1].installation()];
    until!(
        "the view shows every link",
        here.views.lapsed(later, None, 500).await?.len() == LINKS
    );
    let (one, other, ..) = tokio::join!(sweep(here), sweep(there), nodes[0].work_off(), nodes[1].work_off());
    assert!(one? + other? <= LINKS);
    assert_eq!(count(&stage, EXPIRED).await?, LINKS);
    let closed = match stage.database.kind() {
        Kind::Sqlite => CLOSED,
        Kind::Postgres => CLOSED_POSTGRES,
    };
    assert_eq!(count(&stage, closed).await?, LINKS, "no integration waits any more");
    assert_eq!(
        count(&stage, TOKENS).await?,
        1,
        "only the living link can be shown again"
    );
    for node in nodes {
        node.close().await;
    }
    assert_eq!(stage.agency.link_now(&living).await?["status"], "pending");
    Ok(())
}

/// A36, A37: two servers, each a process of its own, come back to links that lapsed while neither ran. One of them sweeps, and both meet
/// every link at the same time: each gets its last event once.
#[tokio::test(flavor = "multi_thread")]
async fn links_that_lapsed_while_no_server_ran_expire_once_when_two_processes_meet_them() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database| {
        const LINKS: usize = 20;
        let mut stage = Stage::set(database).await?;
        let mut places = vec![];
        for _ in 0..LINKS {
            places.push(stage.agency.bakery().await?);
        }
        stage.server.kill()?;
        let past = Then::at(&stage, now() - TimeDelta::days(8)).await?;
        let mut links = vec![];
        for place in &places {
            links.push(past.issue(&stage.agency, place, None).await?);
        }
        past.close().await;
        let at_once = "UPDATE job SET run_at = 0 WHERE kind = 'expire_links'";
        stage.database.execute(at_once).await?;
        stage.server.spawn_again()?;
        let (other, _) = stage.another_node().await?;
        stage.server.wait_until_it_answers().await?;
        let there = stage.agency.at(other.port());
        for link in &links {
            let path = format!("/links/{}/revoke", link.id);
            let body = json!({});
            let (one, two) = tokio::join!(stage.agency.post(&path, &body), there.post(&path, &body));
            assert_eq!((one?.status.as_u16(), two?.status.as_u16()), (409, 409));
        }
        assert_eq!(count(&stage, EXPIRED).await?, LINKS);
        assert_eq!(count(&stage, CLOSED_POSTGRES).await?, LINKS);
        assert_eq!(count(&stage, TOKENS).await?, 0);
        Ok(())
    })
    .await
}

/// What the provider gave is dropped, the audit trail says so once, and the customer starts again on the same link.
///
/// Mutant: when the row's stage is not moved under a condition, two nodes both write the event.
async fn a_sign_in_that_is_abandoned_for_an_hour_ends_and_the_link_goes_on(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    let left_at_provider = Browser::new()?;
    left_at_provider.clone().open_link(&link.url).await?;
    let early = Then::at(&stage, now() + TimeDelta::minutes(50)).await?;
    early.work_off().await?;
    early.close().await;
    assert_eq!(stage.pending_credentials().await?, 1, "an hour is not over");

    let later = now() + TimeDelta::minutes(70);
    let nodes = [Then::at(&stage, later).await?, Then::at(&stage, later).await?];
    let both = tokio::join!(
        nodes[0].installation().app.abandon_attempts(),
        nodes[1].installation().app.abandon_attempts()
    );
    assert!(both.0? + both.1? >= 1);
    for node in nodes {
        node.work_off().await?;
        node.close().await;
    }
    assert_eq!(stage.pending_credentials().await?, 0);
    assert!(
        stage.google.live_grants().await.is_empty(),
        "it was taken back at the provider"
    );
    let trail = stage.agency.audit(&link).await?.join("\n");
    assert_eq!(trail.matches("did not come back for an hour").count(), 1, "{trail}");
    browser.complete(&link.url, "olive", BAKERY).await?;
    assert_eq!(stage.agency.link_now(&link).await?["status"], "completed");
    Ok(())
}
