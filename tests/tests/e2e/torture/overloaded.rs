//! More than a node can serve, for a minute: what does not fit is refused at once, and a flood of the public pages leaves the API
//! alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::{AGENCY_HOST, Stage, client},
    scale::scaled,
    torture::figure,
};
use reqwest::StatusCode;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::operations::{
    overload::{LONGEST_ANSWER, PLACES, with_few_places},
    resident, until_readyz,
};

/// Who was refused comes again after this, twelve times sooner than it was told.
const PACE: Duration = Duration::from_millis(250);
/// Seconds for a first request: longer than the flood, whose clients open connections ahead of their need.
const PATIENT: u64 = 60;
/// A link is issued so often meanwhile.
const CALL_EVERY: Duration = Duration::from_millis(250);
/// What a crowd may leave in memory, beside as much as an idle node has, and for each of its connections.
const CAP: u64 = 32 * 1024 * 1024;
const OF_A_CONNECTION: u64 = 32 * 1024;
/// Whoever waits for so long is not among those who wait for their turn.
const FORGOTTEN: Duration = Duration::from_secs(10);
/// An idle node opens a page faster than that.
const USUAL: Duration = Duration::from_millis(250);
/// So long a node may take to be as before.
const RECOVERY: Duration = Duration::from_secs(5);

/// How long a flood lasts: a minute in a long run.
fn lasting() -> Duration {
    Duration::from_secs(if is_long() { 60 } else { 3 })
}

fn is_long() -> bool {
    scaled(1) > 1
}

/// API-10: at twice and at ten times the places everybody is served at nearly the rate of before, after a short wait; of a crowd
/// that no wait can help, as many are served and the others are told when to come again. Every call of the API is answered, memory
/// stays what it was, and the node is its old self as soon as the crowd has left.
///
/// Mutants: with one budget for both rooms, calls of the API are refused and this fails. With refusals at once, ten times the places
/// are served less than half as often and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_the_public_pages_leaves_goodput_and_the_api_alone() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, PATIENT).await?;
        let link = stage.agency.fresh_link().await?;
        let idle = resident(&stage)?;
        let mut before = crowd(&stage, link.token(), PLACES).await?;
        for callers in [2 * PLACES, 10 * PLACES, before.a_second().max(10 * PLACES)] {
            let crowded = crowd(&stage, link.token(), callers).await?;
            normal(&stage, link.token()).await?;
            let after = crowd(&stage, link.token(), PLACES).await?;
            let memory = resident(&stage)?;
            figure(&format!(
                "{} s of {callers} callers on {PLACES} places: {before:?} before, {crowded:?} meanwhile, {after:?} after; memory \
                 {} KiB idle, {} KiB now",
                lasting().as_secs(),
                idle / 1024,
                memory / 1024
            ))?;
            // The machine may have other work, before or after; in a short run clients and refusals take a share of it too.
            let usual = before.served.min(after.served);
            let (least, of) = if is_long() { (4, 5) } else { (1, 2) };
            ensure!(crowded.served * of > usual * least, "goodput fell from {usual} to {crowded:?}");
            ensure!(crowded.of_100_99_within < LONGEST_ANSWER, "{crowded:?}");
            ensure!(crowded.slowest < FORGOTTEN, "somebody was forgotten: {crowded:?}");
            ensure!(crowded.hung_up_on < crowded.served / 100, "{crowded:?}");
            let [before_it, after_it] = [&before, &after].map(|calm| calm.refused + calm.hung_up_on);
            ensure!(before_it + after_it == 0, "{before:?} {after:?}");
            ensure!(crowded.calls > 3 && crowded.slowest_call < LONGEST_ANSWER, "{crowded:?}");
            let cap = CAP + OF_A_CONNECTION * u64::try_from(callers)?;
            ensure!(memory < 2 * idle + cap, "{idle} grew to {memory}");
            before = after;
        }
        let figures = stage.probe("/metrics").await?.text;
        ensure!(figures.contains(r#"grantlink_http_requests_shed_total{room="public"}"#), "{figures}");
        ensure!(!figures.contains(r#"grantlink_http_requests_shed_total{room="api"}"#), "{figures}");
        until_readyz(stage.files.operations(), 200).await?;
        Ok(())
    })
    .await
}

/// So many callers open a link while links are issued at a steady rate, with or without a crowd.
async fn crowd(stage: &Stage, token: &str, callers: usize) -> anyhow::Result<Flood> {
    let crowd = tokio::spawn(flood_of(stage.server.port(), token.to_owned(), callers));
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    let mut ticks = interval(CALL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !crowd.is_finished() {
        ticks.tick().await;
        let began = Instant::now();
        stage.agency.fresh_link().await.context("the API is starved")?;
        slowest = slowest.max(began.elapsed());
        calls += 1;
    }
    let mut flood = crowd.await??;
    (flood.calls, flood.slowest_call) = (calls, slowest);
    Ok(flood)
}

/// Waits until a page comes as fast as usual.
async fn normal(stage: &Stage, token: &str) -> anyhow::Result<()> {
    let (http, began) = (client()?, Instant::now());
    loop {
        let asked = Instant::now();
        let page = http.get(format!("http://{AGENCY_HOST}:{}/c/{token}", stage.server.port()));
        if page.send().await?.status() == StatusCode::OK && asked.elapsed() < USUAL {
            return Ok(());
        }
        ensure!(began.elapsed() < RECOVERY, "the node is not as before");
    }
}

/// What became of a flood.
#[derive(Debug, Default)]
struct Flood {
    served: usize,
    refused: usize,
    hung_up_on: usize,
    of_100_99_within: Duration,
    slowest: Duration,
    calls: usize,
    slowest_call: Duration,
}

impl Flood {
    /// Callers who all ask at once want twice what can be served while they wait.
    fn a_second(&self) -> usize {
        self.served / usize::try_from(lasting().as_secs()).unwrap_or(1)
    }
}

/// How one of a crowd was answered.
#[derive(Default)]
struct Caller {
    answers: Vec<Duration>,
    refused: usize,
    hung_up_on: usize,
}

async fn flood_of(port: u16, token: String, callers: usize) -> anyhow::Result<Flood> {
    let over = Arc::new(AtomicBool::new(false));
    let network = Arc::new(AtomicUsize::new(0));
    let http = client()?; // one for all: making one takes longer than many requests
    let mut crowd = JoinSet::new();
    for _ in 0..callers {
        crowd.spawn(open_again_and_again(
            http.clone(),
            port,
            token.clone(),
            Arc::clone(&over),
            Arc::clone(&network),
        ));
    }
    tokio::time::sleep(lasting()).await; // so long it lasts
    over.store(true, Ordering::SeqCst);
    let (mut answers, mut refused, mut hung_up_on) = (vec![], 0, 0);
    while let Some(one) = crowd.join_next().await {
        let one = one??;
        answers.extend(one.answers);
        refused += one.refused;
        hung_up_on += one.hung_up_on;
    }
    answers.sort_unstable();
    Ok(Flood {
        served: answers.len(),
        refused,
        hung_up_on,
        of_100_99_within: answers.get(answers.len() * 99 / 100).copied().unwrap_or_default(),
        slowest: answers.last().copied().unwrap_or_default(),
        ..Flood::default()
    })
}

/// Opens the link, each time from another network. Who is refused comes again a little later, as the answer wants it, only sooner.
async fn open_again_and_again(
    http: reqwest::Client,
    port: u16,
    token: String,
    over: Arc<AtomicBool>,
    network: Arc<AtomicUsize>,
) -> anyhow::Result<Caller> {
    let mut caller = Caller::default();
    while !over.load(Ordering::SeqCst) {
        let [.., a, b, c] = network.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let request = http
            .get(format!("http://{AGENCY_HOST}:{port}/c/{token}"))
            .header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
        let began = Instant::now();
        let answer = match request.send().await {
            Err(error) if error.is_request() => {
                caller.hung_up_on += 1; // a kept connection was closed for another one's sake: browsers ask again
                continue;
            }
            answer => answer?,
        };
        match answer.status() {
            StatusCode::OK => {
                answer.text().await?;
                caller.answers.push(began.elapsed());
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                ensure!(answer.headers().contains_key("retry-after"), "refused without a time");
                ensure!(
                    answer.text().await?.contains("Your link still works"),
                    "refused without a word"
                );
                caller.refused += 1;
                tokio::time::sleep(PACE).await; // the crowd's
            }
            status => anyhow::bail!("answered {status}"),
        }
    }
    Ok(caller)
}
