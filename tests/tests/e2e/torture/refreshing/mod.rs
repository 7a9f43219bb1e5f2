//! Many servers want many tokens at once, at a provider that forgives nothing.

mod provider;
mod reconnected;
mod shared;
mod silent;
mod town;

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chrono::TimeDelta;
use grantlink_tests::{conformance::Database, harness::Agency, scale::scaled, seed::seed, torture::figure};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use reqwest::StatusCode;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use self::{
    provider::{Habits, Rotating, drops, first_token, hangs},
    town::{Connected, Size, Town},
};

grantlink_tests::on_both_databases!(one_node_at_a_time_renews_a_credential);

/// On PostgreSQL; on `SQLite` it is one, with so many readers.
const NODES: usize = 8;
/// In a short run, too; a long one has more.
const ACCOUNTS: usize = 200;
/// Each account is read through so many of them at about the same time; in a long run through all.
const READERS: usize = 3;
/// Much longer than it takes: the provider is left alone for some seconds where it did not answer.
const LONGEST: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(200);

/// VA-4: eight servers, tokens that end together, a provider that rotates refresh tokens and takes back the family of one that is
/// shown twice; of a hundred calls one hangs longer than a lease, and two lose their answer. Programs read every token through several
/// servers, while the servers renew what is due by themselves. Nothing is asked for twice but what hung or broke off, and nothing is
/// lost but what broke off, each with its events.
///
/// Mutants seen, on PostgreSQL: when a lease keeps nobody away, accounts are lost; when whoever has it does not look once more what others
/// brought, some are asked for twice.
async fn one_node_at_a_time_renews_a_credential(database: Database) -> anyhow::Result<()> {
    let habits = Habits {
        takes: Duration::from_millis(20),
        fails: true,
        together: 0,
        patience: Duration::from_secs(10),
    };
    let provider = Rotating::start(habits).await?;
    let size = Size {
        nodes: NODES,
        accounts: u32::try_from(scaled(40).max(ACCOUNTS))?,
        life: TimeDelta::minutes(1),
    };
    let town = Town::settle(database, &provider, size).await?;
    let mut chance = StdRng::seed_from_u64(seed());
    let (desks, mut readers) = (town.desks(), JoinSet::new());
    let readers_of_each = if scaled(1) > 1 { NODES } else { READERS };
    for reader in 0..NODES {
        let is_read = |at: &&Connected| (at.number as usize + reader) % NODES < readers_of_each;
        let mut wanted: Vec<_> = town.connected.iter().filter(is_read).copied().collect();
        wanted.shuffle(&mut chance);
        readers.spawn(reads(desks[reader % desks.len()].clone(), wanted));
    }
    while let Some(done) = readers.join_next().await {
        done??;
    }
    ensure!(provider.reused().await == 0, "old tokens were shown again");
    for connected in &town.connected {
        let family = provider.family(connected.number).await;
        let expected = 1 + u32::from(hangs(connected.number) || drops(connected.number));
        ensure!(
            family.asked == expected,
            "{connected:?} was asked for {} times",
            family.asked
        );
        ensure!(
            family.was_dropped == drops(connected.number),
            "{connected:?} was not dropped as it should"
        );
    }
    let lost = town.connected.iter().filter(|at| drops(at.number)).count();
    told_of(&town, lost).await?;
    let renewed = town.renewed().await?;
    figure(&format!(
        "{} accounts renewed by {} servers, {renewed:?}",
        size.accounts,
        renewed.len()
    ))
}

/// Reads every token until it has them, four at once.
async fn reads(desk: Agency, wanted: Vec<Connected>) -> anyhow::Result<()> {
    let until = Instant::now() + LONGEST;
    for some in wanted.chunks(4) {
        let mut readers = JoinSet::new();
        for connected in some.iter().copied() {
            let desk = desk.clone();
            readers.spawn(async move { read(&desk, connected, until).await });
        }
        while let Some(done) = readers.join_next().await {
            done??;
        }
    }
    Ok(())
}

async fn read(desk: &Agency, connected: Connected, until: Instant) -> anyhow::Result<()> {
    let old = format!("access-{}", first_token(connected.number));
    loop {
        ensure!(Instant::now() < until, "{connected:?} never had a token");
        let answer = desk.credentials(&connected.integration.to_string()).await?;
        match answer.status {
            StatusCode::OK if answer.json()?["access_token"] != old.as_str() => return Ok(()),
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {} // its last moments, or none, until the provider is asked again
            StatusCode::CONFLICT if drops(connected.number) => return Ok(()),
            status => bail!("{connected:?}: {status}: {}", answer.text),
        }
        sleep(POLL).await;
    }
}

/// So many accounts were lost, and so many connections need a new sign-in, each told once.
async fn told_of(town: &Town, lost: usize) -> anyhow::Result<()> {
    let database = &town.stage.database;
    let counted = async |sql| database.number(sql).await.map(|count| usize::try_from(count).ok());
    let told = "SELECT count(*) FROM events WHERE aggregate_type = 'grant' AND event_type = 'Lost'";
    ensure!(counted(told).await? == Some(lost), "not every loss was told once");
    let until = Instant::now() + LONGEST;
    let needs = "SELECT count(*) FROM events WHERE event_type = 'NeedsReconnect'";
    while counted(needs).await?.context("no count")? < lost {
        ensure!(
            Instant::now() < until,
            "a lost connection does not ask for a new sign-in"
        );
        sleep(POLL).await; // until the job that tells of it was here
    }
    ensure!(
        counted(needs).await? == Some(lost),
        "what was not lost asks for a new sign-in"
    );
    Ok(())
}
