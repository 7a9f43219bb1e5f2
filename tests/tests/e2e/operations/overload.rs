//! More than a node can serve: what does not fit is refused at once, and a flood of the public pages leaves the API alone.

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
};
use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use super::{LONGEST, until_readyz};

/// Places for public pages on the node of these stories, and ten times as many callers.
const PLACES: usize = 4;
const CALLERS: usize = 10 * PLACES;
const FLOOD: Duration = Duration::from_secs(3);
/// Who was refused comes again after this, twelve times sooner than it was told.
const PACE: Duration = Duration::from_millis(250);
/// The slowest of the calls that were accepted.
const LONGEST_ANSWER: Duration = Duration::from_secs(2);
/// Connections that send one byte now and then, or nothing.
const SLOW: usize = 1_000;
/// Seconds for a first request: longer than the flood, whose clients open connections ahead of their need, and shorter than a story.
const PATIENT: u64 = 30;
const IMPATIENT: u64 = 3;

/// API-10: at ten times the capacity, the pages that fit are still served, the others are told when to come again, and every call of
/// the API is answered.
///
/// Mutant: with one budget for both rooms, calls of the API are refused and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_the_public_pages_leaves_goodput_and_the_api_alone() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, PATIENT).await?;
        let link = stage.agency.fresh_link().await?;
        let alone = flood(&stage, link.token(), PLACES).await?;
        let crowd = tokio::spawn(flood_of(stage.server.port(), link.token().to_owned(), CALLERS));
        let (mut calls, mut slowest) = (0, Duration::ZERO);
        while !crowd.is_finished() {
            let began = Instant::now();
            stage.agency.fresh_link().await.context("the API is starved")?;
            slowest = slowest.max(began.elapsed());
            calls += 1;
        }
        let crowded = crowd.await??;
        println!("{PLACES} callers: {alone:?}; {CALLERS} callers: {crowded:?}; {calls} links issued, the slowest in {slowest:?}");
        ensure!(crowded.refused > 0, "nothing was refused: {crowded:?}");
        let again = flood(&stage, link.token(), PLACES).await?;
        // The machine may have other work, before or after; clients and refusals take a share of it too.
        let usual = alone.served.min(again.served);
        ensure!(
            crowded.served * 3 > usual,
            "goodput fell from {alone:?} and {again:?} to {crowded:?}"
        );
        ensure!(crowded.slowest < LONGEST_ANSWER, "{crowded:?}");
        ensure!(calls > 3 && slowest < LONGEST_ANSWER, "{calls} calls, the slowest took {slowest:?}");
        let figures = stage.probe("/metrics").await?.text;
        ensure!(figures.contains(r#"grantlink_http_requests_shed_total{room="public"}"#), "{figures}");
        ensure!(!figures.contains(r#"grantlink_http_requests_shed_total{room="api"}"#), "{figures}");
        until_readyz(stage.files.operations(), 200).await?;
        Ok(())
    })
    .await
}

/// API-10: a thousand connections that never finish asking neither stop the API nor stay.
///
/// Mutant: without the time for a first request, they stay and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_slow_connections_stop_nobody_and_are_closed() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, IMPATIENT).await?;
        let mut slow = Vec::with_capacity(scaled(SLOW));
        for number in 0..scaled(SLOW) {
            let mut line = TcpStream::connect(("127.0.0.1", stage.server.port())).await?;
            // Nothing, a part of HTTP/2's first words, or headers that do not end.
            let said: &[u8] = [
                b"" as &[u8],
                b"PRI * HT",
                b"GET / HTTP/1.1\r\nhost: connect.localhost\r\nx: ",
            ][number % 3];
            line.write_all(said).await?;
            slow.push(line);
        }
        let began = Instant::now();
        stage.agency.fresh_link().await?;
        ensure!(began.elapsed() < LONGEST_ANSWER, "the API took {:?}", began.elapsed());
        for mut line in slow {
            timeout(LONGEST, ended(&mut line))
                .await
                .context("a slow connection stays")?;
        }
        stage.agency.fresh_link().await?;
        Ok(())
    })
    .await
}

/// API-10: who sends a body slowly takes no place.
///
/// Mutant: with the place taken before the body is there, the API is full and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_take_no_places_of_the_api() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, IMPATIENT).await?;
        let mut slow = Vec::new();
        for _ in 0..10 * PLACES {
            let mut line = TcpStream::connect(("127.0.0.1", stage.server.port())).await?;
            let head = "POST /api/agency/v1/links HTTP/1.1\r\nhost: connect.localhost\r\ncontent-length: 100\r\n\r\n{";
            line.write_all(head.as_bytes()).await?;
            slow.push(line);
        }
        stage.agency.fresh_link().await?;
        for mut line in slow {
            let mut answer = [0; 12];
            timeout(LONGEST, line.read_exact(&mut answer)).await??;
            assert_eq!(&answer, b"HTTP/1.1 408");
        }
        Ok(())
    })
    .await
}

/// Whatever way it ends, it ends.
async fn ended(line: &mut TcpStream) {
    let mut answer = [0; 1_024];
    while line.read(&mut answer).await.is_ok_and(|length| length > 0) {}
}

/// A node with few places, and so many seconds for a first request.
async fn with_few_places(stage: &mut Stage, first_request: u64) -> anyhow::Result<()> {
    let few = format!(
        "trusted_proxies = [\"127.0.0.0/8\"]\npublic_requests = {PLACES}\napi_requests = {PLACES}\nfirst_request_seconds = {first_request}"
    );
    let configuration = stage.files.configuration()?;
    stage
        .files
        .configure(&configuration.replace(r#"trusted_proxies = ["127.0.0.0/8"]"#, &few))?;
    stage.server.restart().await
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
    tokio::time::sleep(FLOOD).await; // so long it lasts
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
