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
use tokio::task::JoinSet;

use crate::operations::{
    overload::{LONGEST_ANSWER, PLACES, with_few_places},
    until_readyz,
};

/// Who was refused comes again after this, twelve times sooner than it was told.
const PACE: Duration = Duration::from_millis(250);
/// Seconds for a first request: longer than the flood, whose clients open connections ahead of their need.
const PATIENT: u64 = 60;

/// How long a flood lasts: a minute in a long run.
fn lasting() -> Duration {
    Duration::from_secs(if is_long() { 60 } else { 3 })
}

fn is_long() -> bool {
    scaled(1) > 1
}

/// API-10: at twice and at ten times the capacity, the pages that fit are still served, the others are told when to come again,
/// and every call of the API is answered. In a long run goodput stays at four fifths of what it is without a crowd.
///
/// Mutant: with one budget for both rooms, calls of the API are refused and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_the_public_pages_leaves_goodput_and_the_api_alone() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, PATIENT).await?;
        let link = stage.agency.fresh_link().await?;
        let mut before = flood(&stage, link.token(), PLACES).await?;
        for times in [2, 10] {
            let (crowded, calls, slowest) = crowd(&stage, link.token(), times * PLACES).await?;
            let after = flood(&stage, link.token(), PLACES).await?;
            figure(&format!(
                "{} s at {times} times the places: {before:?} before, {crowded:?} meanwhile, {after:?} after; {calls} links \
                 issued, the slowest in {slowest:?}",
                lasting().as_secs()
            ))?;
            ensure!(crowded.refused > 0, "nothing was refused: {crowded:?}");
            // The machine may have other work, before or after; in a short run clients and refusals take a share of it too.
            let usual = before.served.min(after.served);
            let (least, of) = if is_long() { (4, 5) } else { (1, 3) };
            ensure!(crowded.served * of > usual * least, "goodput fell from {usual} to {crowded:?}");
            ensure!(crowded.slowest < LONGEST_ANSWER, "{crowded:?}");
            ensure!(calls > 3 && slowest < LONGEST_ANSWER, "{calls} calls, the slowest took {slowest:?}");
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

/// So many callers open a link while links are issued: what became of them, how many were issued, and the slowest of those.
async fn crowd(stage: &Stage, token: &str, callers: usize) -> anyhow::Result<(Flood, usize, Duration)> {
    let crowd = tokio::spawn(flood_of(stage.server.port(), token.to_owned(), callers));
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    while !crowd.is_finished() {
        let began = Instant::now();
        stage.agency.fresh_link().await.context("the API is starved")?;
        slowest = slowest.max(began.elapsed());
        calls += 1;
    }
    Ok((crowd.await??, calls, slowest))
}

/// What became of a flood.
#[derive(Debug, Default)]
struct Flood {
    served: usize,
    refused: usize,
    slowest: Duration,
}

async fn flood(stage: &Stage, token: &str, callers: usize) -> anyhow::Result<Flood> {
    flood_of(stage.server.port(), token.to_owned(), callers).await
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
    let mut flood = Flood::default();
    while let Some(one) = crowd.join_next().await {
        let one = one??;
        flood.served += one.served;
        flood.refused += one.refused;
        flood.slowest = flood.slowest.max(one.slowest);
    }
    Ok(flood)
}

/// Opens the link, each time from another network. Who is refused comes again a little later, as the answer wants it, only sooner.
async fn open_again_and_again(
    http: reqwest::Client,
    port: u16,
    token: String,
    over: Arc<AtomicBool>,
    network: Arc<AtomicUsize>,
) -> anyhow::Result<Flood> {
    let mut flood = Flood::default();
    while !over.load(Ordering::SeqCst) {
        let [.., a, b, c] = network.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let request = http
            .get(format!("http://{AGENCY_HOST}:{port}/c/{token}"))
            .header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
        let began = Instant::now();
        let answer = request.send().await?;
        match answer.status() {
            StatusCode::OK => {
                answer.text().await?;
                flood.served += 1;
                flood.slowest = flood.slowest.max(began.elapsed());
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                ensure!(answer.headers().contains_key("retry-after"), "refused without a time");
                ensure!(
                    answer.text().await?.contains("Your link still works"),
                    "refused without a word"
                );
                flood.refused += 1;
                tokio::time::sleep(PACE).await; // the crowd's
            }
            status => anyhow::bail!("answered {status}"),
        }
    }
    Ok(flood)
}
