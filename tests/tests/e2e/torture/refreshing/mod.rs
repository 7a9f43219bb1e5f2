//! Many nodes want many tokens at once, at a provider that forgives nothing.

mod provider;
mod town;

use std::{sync::Arc, time::Duration};

use anyhow::{bail, ensure};
use application::{App, CommandError};
use domain::{event::Event, grant::GrantEvent, log::Position};
use grantlink_tests::{conformance::Database, scale::scaled, seed::seed};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use secrecy::ExposeSecret;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use self::{
    provider::{Rotating, drops, hangs},
    town::{Connected, connections, nodes},
};

grantlink_tests::on_both_databases!(one_node_at_a_time_renews_a_credential);

/// On PostgreSQL; on `SQLite` it is one, with so many readers.
const NODES: usize = 8;
/// The provider is left alone for some seconds where it did not answer.
const LONGEST: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(200);

/// VA-4: tokens that end together, a provider that rotates refresh tokens and takes back the family of one that is shown twice;
/// of a hundred calls one hangs longer than a lease, and two lose their answer. Nothing is asked for twice but what hung, and
/// nothing is lost but what was dropped, each with its event.
///
/// Mutants: without the lease, several nodes ask at once and this fails on PostgreSQL; without a look at what somebody else was given
/// meanwhile, it fails on both.
async fn one_node_at_a_time_renews_a_credential(database: Database) -> anyhow::Result<()> {
    let provider = Rotating::start().await?;
    let nodes = nodes(&database, &provider, NODES).await?;
    let count = u32::try_from(scaled(200))?;
    let town = connections(&nodes[0], count).await?;
    let mut chance = StdRng::seed_from_u64(seed());
    let mut readers = JoinSet::new();
    for reader in 0..NODES {
        let app = Arc::clone(&nodes[reader % nodes.len()].app);
        let mut wanted = town.clone();
        wanted.shuffle(&mut chance);
        readers.spawn(reads(app, wanted));
    }
    let sweeping = Arc::clone(&nodes[0].app);
    readers.spawn(async move {
        sweeping.renew_due().await?;
        Ok(())
    });
    while let Some(done) = readers.join_next().await {
        done??;
    }
    ensure!(provider.reused().await == 0, "old tokens were shown again");
    for connected in &town {
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
    let expected: Vec<_> = town
        .iter()
        .filter(|at| drops(at.number))
        .map(|at| at.grant.to_string())
        .collect();
    let mut told = lost(&nodes[0].app).await?;
    told.sort_unstable();
    ensure!(told == expected, "told of {told:?}, and lost were {expected:?}");
    for node in nodes {
        node.close().await;
    }
    Ok(())
}

/// Reads every token until it has them, four at once.
async fn reads(app: Arc<App>, wanted: Vec<Connected>) -> anyhow::Result<()> {
    let until = Instant::now() + LONGEST;
    for some in wanted.chunks(4) {
        let mut readers = JoinSet::new();
        for connected in some.iter().copied() {
            let app = Arc::clone(&app);
            readers.spawn(async move { read(&app, connected, until).await });
        }
        while let Some(done) = readers.join_next().await {
            done??;
        }
    }
    Ok(())
}

async fn read(app: &Arc<App>, connected: Connected, until: Instant) -> anyhow::Result<()> {
    loop {
        ensure!(Instant::now() < until, "{connected:?} never had a token");
        match app.fresh_credential(connected.tenant, connected.integration).await {
            Ok(fresh) => {
                let token = fresh.serving.credential.access_token.expose_secret();
                let is_old = *token == format!("access-{}", provider::first_token(connected.number));
                if !is_old {
                    return Ok(());
                }
                sleep(POLL).await; // its last moments, while the provider is left alone
            }
            Err(CommandError::CredentialsAway(_)) => sleep(POLL).await, // until the provider is asked again
            Err(CommandError::NeedsReconnect(_)) if drops(connected.number) => return Ok(()),
            Err(error) => bail!("{connected:?}: {error}"),
        }
    }
}

/// The accounts of whose loss the log tells, each time that it does.
async fn lost(app: &App) -> anyhow::Result<Vec<String>> {
    let (mut after, mut lost) = (Position(0), vec![]);
    loop {
        let page = app.log.page(after, 500).await?;
        let Some(last) = page.last() else {
            return Ok(lost);
        };
        after = last.position;
        for recorded in page.iter().filter(|recorded| recorded.event_type == "Lost") {
            if let Event::Grant(GrantEvent::Lost { .. }) = recorded.event()? {
                lost.push(recorded.aggregate_id.clone());
            }
        }
    }
}
