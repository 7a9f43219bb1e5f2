//! Credentials are read while the key that they are sealed under changes, and their owners sign in anew.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Browser, Issue, Issued, Other, Place, Stage, Then, now},
    on_both_databases,
    scale::scaled,
    seed::seed,
    torture::figure,
};
use rand::{SeedableRng, rngs::StdRng};
use simulator::generic::Quirks;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{interval, sleep},
};

use super::super::attacks::new_keys::change_keys;
use crate::flow::{BAKERY, BOOKS};

on_both_databases!(credentials_serve_through_new_keys_and_many_reconnects);

/// In a short run; a long one has five hundred.
const RECONNECTS: usize = 20;
/// Twenty reads a second; a long run has a hundred, for which the server has to be a fast one.
const BETWEEN_READS: Duration = Duration::from_millis(50);
const BETWEEN_MANY_READS: Duration = Duration::from_millis(10);
/// So many of them are on their way at once: a program that has more to read waits, and counts that.
const AT_ONCE: usize = 32;
/// Somebody who read a token goes on with it for a while: much longer than an old one takes to be taken back, if it were at once.
const GOES_ON: Duration = Duration::from_secs(2);
/// A provider that is slow for a moment costs its owner another try, and no reader anything.
const TRIES: u32 = 5;
const PROVIDER: &str = "strict";

/// A connection that is made anew, again and again.
#[derive(Clone)]
struct Shop {
    place: Place,
    link: Issued,
    owner: &'static str,
    listing: &'static str,
}

/// OA-12, VA-3: again and again a program reads a connection's token and goes on with it for a while, at a provider that
/// takes back token by token. Meanwhile both owners sign in anew all the time, and the key that everything is sealed under is
/// changed, the change killed, and the old key destroyed. No read fails, and every token that was read serves. Minutes later what was
/// replaced has been taken back at the provider.
///
/// Mutant: when what was taken over is taken back at once, a token that was just read does not serve, and this fails.
async fn credentials_serve_through_new_keys_and_many_reconnects(database: Database) -> anyhow::Result<()> {
    let other = Arc::new(Other::start(PROVIDER, Quirks::strict()).await?);
    let stage = Stage::set_among(database, &[(&other, "client_auth = \"basic\"")]).await?;
    let mut shops = vec![];
    for (owner, listing) in [("olive", BAKERY), ("bea", BOOKS)] {
        let place = stage.agency.bakery().await?;
        let link = connected(&stage.agency, &place, owner, listing).await?;
        shops.push(Shop {
            place,
            link,
            owner,
            listing,
        });
    }
    let (stop, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let reading = tokio::spawn(reads(
        stage.agency.clone(),
        Arc::clone(&other),
        shops.clone(),
        Arc::clone(&stop),
    ));
    let mut owners = JoinSet::new();
    for shop in shops.clone() {
        owners.spawn(reconnects(stage.agency.clone(), shop, Arc::clone(&begun)));
    }
    let kills = if scaled(1) > 1 { 20 } else { 1 };
    change_keys(&stage, &mut StdRng::seed_from_u64(seed()), kills, scaled(RECONNECTS)).await?;
    while let Some(done) = owners.join_next().await {
        done??;
    }
    stop.store(true, Ordering::SeqCst);
    let (reads, longest) = reading.await??;
    ensure!(stage.credentials().await? == 2, "one sign-in serves each account");

    let then = Then::at(&stage, now() + TimeDelta::minutes(7)).await?;
    then.work_off().await?;
    then.close().await;
    for account in other.server.audit().await.accounts {
        ensure!(
            account.live_families == 1,
            "what was replaced is still good: {account:?}"
        );
    }
    figure(&format!(
        "{reads} reads through {} reconnects, {kills} kills and a change of keys; the slowest took {longest:?}",
        scaled(RECONNECTS)
    ))
}

async fn connected(
    agency: &Agency,
    place: &Place,
    owner: &'static str,
    listing: &'static str,
) -> anyhow::Result<Issued> {
    let issue = Issue {
        provider: Some(PROVIDER),
        ..Issue::default()
    };
    let link = agency.link_with(place, &issue).await?;
    let mut tries = 1;
    while let Err(error) = Browser::new()?.complete(&link.url, owner, listing).await {
        ensure!(tries < TRIES, "{owner} cannot sign in: {error:#}");
        tries += 1;
    }
    Ok(link)
}

/// Signs in anew, until all owners together did it so often.
async fn reconnects(agency: Agency, shop: Shop, begun: Arc<AtomicUsize>) -> anyhow::Result<()> {
    while begun.fetch_add(1, Ordering::SeqCst) < scaled(RECONNECTS) {
        let again = connected(&agency, &shop.place, shop.owner, shop.listing).await?;
        ensure!(
            again.integration == shop.link.integration,
            "another connection was made"
        );
    }
    Ok(())
}

/// A read is due at every beat, however long others take. How many there were, and how long the slowest took.
async fn reads(
    agency: Agency,
    other: Arc<Other>,
    shops: Vec<Shop>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(usize, Duration)> {
    let pause = if scaled(1) > 1 {
        BETWEEN_MANY_READS
    } else {
        BETWEEN_READS
    };
    let (mut beat, mut reads, mut count) = (interval(pause), JoinSet::new(), 0);
    let (mut longest, room) = (Duration::ZERO, Arc::new(Semaphore::new(AT_ONCE)));
    while !stop.load(Ordering::SeqCst) {
        beat.tick().await;
        let (agency, other, room) = (agency.clone(), Arc::clone(&other), Arc::clone(&room));
        let integration = shops[count % shops.len()].link.integration.clone();
        reads.spawn(async move { uses(&agency, &other, &room, &integration).await });
        count += 1;
        while let Some(read) = reads.try_join_next() {
            longest = longest.max(read??);
        }
    }
    while let Some(read) = reads.join_next().await {
        longest = longest.max(read??);
    }
    Ok((count, longest))
}

/// Reads a token, and uses it at once and a while later. How long the read took.
async fn uses(agency: &Agency, other: &Other, room: &Semaphore, integration: &str) -> anyhow::Result<Duration> {
    let begun = tokio::time::Instant::now();
    let place = room.acquire().await?;
    let answer = agency.credentials(integration).await?;
    drop(place);
    let took = begun.elapsed();
    let read = answer.ok().context("a read failed")?;
    let token = read["access_token"].as_str().context("no token")?;
    for moment in ["at once", "a while later"] {
        if !other.accepts(token).await? {
            bail!("a token of generation {} did not serve {moment}", read["generation"]);
        }
        sleep(GOES_ON).await; // as long as somebody works with it
    }
    Ok(took)
}
