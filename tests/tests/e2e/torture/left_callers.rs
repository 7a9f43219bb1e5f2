//! ES-4: callers that go away anywhere lose nothing that was acknowledged, and leave nothing open.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use adapters::sql::Stores;
use anyhow::{Context, bail, ensure};
use domain::log::{Position, Recorded};
use grantlink_tests::{
    conformance::{Database, Draft, Kind, dropped_after, row, stream, tenant},
    harness::{Agency, Place, Stage},
    scale::scaled,
    seed::seed,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

grantlink_tests::on_both_databases!(
    requests_that_are_left_in_the_middle_harm_nobody,
    commits_that_are_left_at_any_point_are_made_or_not_and_may_be_sent_again,
);

const CALLERS: usize = 8;
/// Nine callers of ten wait so long at most, and then hang up.
const LONGEST_PATIENCE: u64 = 20_000; // microseconds
const PATIENCE_ITSELF: Duration = Duration::from_secs(30);
/// More requests at once than a server has connections to its database.
const CROWD: usize = 32;
const RECOVERY: Duration = Duration::from_secs(5);
/// Sessions that hold a transaction open and do nothing with it.
const LEFT_OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > interval '1 second'";

/// ES-4: links are asked for, and the connection is closed after 0 to 20 ms. Whatever was acknowledged is there, no session is
/// left in an open or failed transaction, and the server has all its connections again.
/// Mutant: with reads that give their connection back only when they end, not when they are dropped, nobody is served any more.
async fn requests_that_are_left_in_the_middle_harm_nobody(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database.clone()).await?;
    let witness = database.open().await?;
    let seed = seed();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let place = stage.agency.bakery().await?;
        let rng = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
        callers.spawn(leave_early(stage.agency.clone(), place, rng, scaled(200) / CALLERS));
    }
    let mut acknowledged = Vec::new();
    while !callers.is_empty() {
        tokio::select! {
            Some(caller) = callers.join_next() => acknowledged.extend(caller??),
            checked = nothing_is_left_open(&database) => checked?,
        }
    }
    println!("{} of {} links were acknowledged", acknowledged.len(), scaled(200));
    everybody_is_served_again(&stage.agency).await?;
    nothing_is_left_open(&database).await?;
    let hold = timeout(RECOVERY, database.hold_the_log())
        .await
        .context("the log's lock is still held")??;
    hold.release().await?;
    let said = stage.server.said()?;
    ensure!(
        !said.contains("25P02"),
        "a connection came back in a failed transaction"
    );

    let issued = issued_links(&witness).await?;
    for link in &acknowledged {
        ensure!(
            issued.get(link) == Some(&1),
            "the acknowledged link {link} stands {:?} times",
            issued.get(link)
        );
    }
    Ok(())
}

/// Asks for links and hangs up. Which ones were acknowledged before.
async fn leave_early(agency: Agency, place: Place, mut rng: StdRng, links: usize) -> anyhow::Result<Vec<String>> {
    let body = json!({"customer_id": place.customer, "location_id": place.location, "provider": "google"});
    let mut acknowledged = Vec::new();
    for _ in 0..links {
        let patience = if rng.random_ratio(1, 10) {
            PATIENCE_ITSELF
        } else {
            Duration::from_micros(rng.random_range(0..=LONGEST_PATIENCE))
        };
        let Ok(answer) = timeout(patience, agency.post("/links", &body)).await else {
            continue; // the request was dropped, and its connection with it
        };
        let answer = answer?;
        match answer.status {
            StatusCode::CREATED => {
                let id = answer.json()?["id"]
                    .as_str()
                    .context("a link without an id")?
                    .to_owned();
                acknowledged.push(id);
            }
            // Those that hung up are still at work on the same location.
            StatusCode::SERVICE_UNAVAILABLE => {}
            status => bail!("{status}: {}", answer.text),
        }
    }
    Ok(acknowledged)
}

/// On `SQLite` an open transaction that writes shows as the log's lock, which is asked for afterwards.
async fn nothing_is_left_open(database: &Database) -> anyhow::Result<()> {
    if database.kind() == Kind::Postgres {
        let left: i64 = database.number(LEFT_OPEN).await?;
        ensure!(left == 0, "{left} sessions are idle in a transaction");
    }
    tokio::time::sleep(Duration::from_millis(50)).await; // until the next look
    Ok(())
}

/// As many requests at once as need every connection are all answered in time.
async fn everybody_is_served_again(agency: &Agency) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut requests = JoinSet::new();
    for _ in 0..CROWD {
        let agency = agency.clone();
        requests.spawn(async move { agency.call(Method::GET, "/links?limit=1", None, None).await?.ok() });
    }
    while let Some(request) = requests.join_next().await {
        request??;
    }
    ensure!(started.elapsed() < RECOVERY, "served after {:?}", started.elapsed());
    Ok(())
}

/// How often each link was issued.
async fn issued_links(stores: &Stores) -> anyhow::Result<HashMap<String, usize>> {
    let mut issued = HashMap::new();
    for event in whole(stores).await? {
        if event.aggregate_type == "connect_link" && event.event_type == "Issued" {
            *issued.entry(event.aggregate_id).or_default() += 1;
        }
    }
    Ok(issued)
}

async fn whole(stores: &Stores) -> anyhow::Result<Vec<Recorded>> {
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let after = events.last().map_or(Position(0), |event| event.position);
        let page = stores.log.page(after, 1_000).await?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}

/// ES-3 and ES-4: a commit is dropped at each point where it can wait, beside reads and writes of the pool that are dropped as
/// well. Sent again, it stands once; what is acknowledged meanwhile is there for another node.
/// Mutant: an append that does not look for its own events first refuses what is sent again.
async fn commits_that_are_left_at_any_point_are_made_or_not_and_may_be_sent_again(
    database: Database,
) -> anyhow::Result<()> {
    let (stores, witness) = (database.open().await?, database.open().await?);
    let mut made = 0;
    for _ in 0..scaled(4) {
        for polls in 1..=10 {
            let secret = row(tenant(), b"left");
            let draft = Draft::default().appends(&stream(), 0).appends(&stream(), 0);
            dropped_after(polls, stores.log.commit(draft.commit())).await;
            dropped_after(polls, stores.log.page(Position(0), 10)).await;
            dropped_after(polls, stores.vault.put(secret.clone())).await;

            let committed = stores.log.commit(draft.commit()).await?;
            stores.vault.put(secret.clone()).await?;
            made += draft.0.appends.len();
            let last = witness.log.at(&[committed.position]).await?;
            ensure!(last.first().map(|event| event.event_id) == draft.0.appends.last().map(|event| event.event_id));
            ensure!(
                witness.vault.get(&secret.place).await?.is_some(),
                "lost after {polls} polls"
            );
        }
    }
    let positions = whole(&witness).await?.into_iter().map(|event| event.position.0);
    ensure!(positions.eq(1..=made as u64), "there are copies or gaps");
    Ok(())
}
