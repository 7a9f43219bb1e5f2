//! All views are rebuilt from a long log while links are issued and read, and whoever rebuilds them is killed again and again.

use std::{
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use domain::ids::{AgencyId, LinkId, Mode, TenantId};
use futures_util::{StreamExt, TryStreamExt, stream};
use grantlink_tests::{
    conformance::{Database, Draft, opening},
    harness::{Agency, Answer, GOOGLE, Place, Stage, program},
    on_both_databases,
    scale::scaled,
    seed::seed,
    torture::figure,
};
use http::{Method, StatusCode};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

on_both_databases!(views_that_are_rebuilt_under_writes_equal_a_clean_fold_whoever_is_killed);

const KILLS: usize = 3;
/// Fifty links a second.
const EVERY: Duration = Duration::from_millis(20);
/// What must be left of them a second while views are rebuilt.
const SLOWEST: u64 = 45;
/// Places that links are issued for in turn.
const PLACES: usize = 20;
/// Longer than the views take for a log that has just become long.
const LONGEST: Duration = Duration::from_mins(10);
/// Openings of one commit, of those that make the log long.
const BATCH: usize = 1_000;

/// ES-9: no read fails meanwhile, whichever side is read, and in the end every row and checksum is that of a clean fold.
async fn views_that_are_rebuilt_under_writes_equal_a_clean_fold_whoever_is_killed(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let places: Vec<_> = stream::iter(0..PLACES)
        .then(|_| stage.agency.bakery())
        .try_collect()
        .await?;
    lengthen(&stage, &places).await?;
    let witness = stage.agency.post("/customers", &json!({"name": "A witness"})).await?;
    shown(&stage.agency, &witness, "/links?limit=1").await?;
    let over = Arc::new(AtomicBool::new(false));
    let writes = tokio::spawn(write_and_read(stage.agency.clone(), places, over.clone()));
    let rebuilt = rebuild_and_kill(&stage).await;
    over.store(true, Ordering::Relaxed);
    let (issued, slowest, took) = writes.await?.context("beside the rebuild")?;
    rebuilt?;
    let looked = stage.run(&["rebuild", "--all", "--dry-run"]).await?;
    ensure!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stdout));
    let events = stage.database.number("SELECT count(*) FROM events").await?;
    figure(&format!(
        "{events} events, {KILLS} kills of the rebuild, {issued} links issued and read in {} s, the slowest in {slowest:?}",
        took.as_secs()
    ))?;
    // A short run is over before its rate says anything.
    ensure!(
        !is_long() || issued as u64 >= SLOWEST * took.as_secs(),
        "{issued} links in {took:?}"
    );
    Ok(())
}

fn is_long() -> bool {
    scaled(1) > 1
}

/// How many events the log has before: a million in a long run.
fn long() -> usize {
    match scaled(1) {
        1 => 5_000,
        scale => scale * 40_000,
    }
}

/// People open links again and again.
async fn lengthen(stage: &Stage, places: &[Place]) -> anyhow::Result<()> {
    let tenant = TenantId::of(stage.agency.id.parse::<AgencyId>()?, Mode::Live);
    let mut links = Vec::new();
    for place in places {
        let issued = stage.agency.link(place).await?;
        links.push((issued.id.parse::<LinkId>()?, issued.integration.parse()?));
    }
    let stores = stage.database.open().await?;
    for batch in 0..long().div_ceil(BATCH) {
        let openings = (0..BATCH).map(|number| {
            let (link, integration) = links[(batch + number) % links.len()];
            opening(tenant, link, integration)
        });
        let mut commit = Draft::of(tenant).commit();
        commit.observations = openings.collect();
        stores.log.commit(commit).await?;
    }
    stores.close().await;
    Ok(())
}

/// Issues links at their rate and reads each of them at once, until it is over.
async fn write_and_read(
    agency: Agency,
    places: Vec<Place>,
    over: Arc<AtomicBool>,
) -> anyhow::Result<(usize, Duration, Duration)> {
    let began = Instant::now();
    let mut ticks = interval(EVERY);
    // What one slow moment kept back is made up for, by as many callers as there are places.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut running, mut issued, mut slowest) = (JoinSet::new(), 0, Duration::ZERO);
    while !over.load(Ordering::Relaxed) {
        ticks.tick().await;
        // A server that is slower than that is not buried under callers.
        while running.len() >= PLACES {
            let done: Option<anyhow::Result<Duration>> = running.join_next().await.transpose()?;
            slowest = slowest.max(done.transpose()?.unwrap_or_default());
        }
        running.spawn(issue_and_read(agency.clone(), places[issued % PLACES].clone()));
        issued += 1;
    }
    for done in running.join_all().await {
        slowest = slowest.max(done?);
    }
    Ok((issued, slowest, began.elapsed()))
}

/// A list is read in any case; what was just issued once the views have come so far: until then the server says to come again.
async fn issue_and_read(agency: Agency, place: Place) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let body = json!({"customer_id": place.customer, "location_id": place.location, "provider": GOOGLE});
    let issued = agency.post("/links", &body).await?;
    let link = issued.ok()?["id"].as_str().context("no id")?.to_owned();
    agency.call(Method::GET, "/links?limit=10", None, None).await?.ok()?;
    let shown = shown(&agency, &issued, &format!("/links/{link}")).await?;
    ensure!(shown["id"] == link.as_str(), "{shown}");
    Ok(began.elapsed())
}

/// What a read shows of a command, as soon as it shows it.
async fn shown(agency: &Agency, command: &Answer, path: &str) -> anyhow::Result<Value> {
    let position = command.headers.get("grantlink-position").context("no position")?;
    let deadline = Instant::now() + LONGEST;
    loop {
        let read = agency.call(Method::GET, path, Some(position.to_str()?), None).await?;
        if read.status != StatusCode::SERVICE_UNAVAILABLE || Instant::now() > deadline {
            return read.ok();
        }
    }
}

/// Rebuilds all views, killed at some instant a few times, and then to the end.
async fn rebuild_and_kill(stage: &Stage) -> anyhow::Result<()> {
    let mut chance = StdRng::seed_from_u64(seed());
    let longest = Duration::from_micros(100) * u32::try_from(long())?;
    for _ in 0..KILLS {
        let mut rebuild = Command::new(program()?)
            .arg("--config")
            .arg(stage.files.config())
            .args(["rebuild", "--all"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        sleep(chance.random_range(Duration::ZERO..longest)).await; // which instant it is, is the chance of the story
        rebuild.kill()?;
        rebuild.wait()?;
    }
    let last = stage.run(&["rebuild", "--all"]).await?;
    ensure!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    Ok(())
}
