//! The end of a node: it says so first, answers what is under way, and loses nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::{AGENCY_HOST, Browser, CALLBACK_HOST, Consent, Place, Server, Stage, client, probe},
    on_both_databases,
    scale::scaled,
};
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::json;
use simulator::Fault;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, timeout},
};

use super::{LONGEST, POLL, until_readyz};

on_both_databases!(
    a_node_that_is_told_to_stop_says_so_and_answers_what_is_under_way,
    told_a_second_time_it_stops_at_once,
);

/// API-9. Mutant: without the graceful end of connections, the customer's page is cut off and this fails.
async fn a_node_that_is_told_to_stop_says_so_and_answers_what_is_under_way(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    until_readyz(stage.files.operations(), 200).await?;
    let coming_back = waiting_at_provider(&stage, 3_000).await?;
    stage.server.signal(Signal::TERM)?;
    let said = until_readyz(stage.files.operations(), 503).await?.json()?;
    assert_eq!(said["checks"]["serving"]["ok"], false, "{said}");
    assert_eq!(stage.probe("/healthz").await?.status, 200);
    let page = coming_back.await??;
    assert_eq!(page, StatusCode::SEE_OTHER);
    let ended = stage.server.ended().await?;
    assert!(ended.success(), "{ended}");
    Ok(())
}

/// Mutant: without the second signal, it waits for the provider and this fails.
async fn told_a_second_time_it_stops_at_once(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let coming_back = waiting_at_provider(&stage, 14_000).await?;
    let began = Instant::now();
    stage.server.signal(Signal::TERM)?;
    until_readyz(stage.files.operations(), 503).await?;
    stage.server.signal(Signal::TERM)?;
    let ended = stage.server.ended().await?;
    assert!(
        ended.success() && began.elapsed() < Duration::from_secs(10),
        "{ended} after {:?}",
        began.elapsed()
    );
    let cut_off = coming_back.await?;
    assert!(cut_off.is_err(), "{cut_off:?}");
    Ok(())
}

/// A customer whose sign-in is being finished, at a provider that takes its time.
async fn waiting_at_provider(
    stage: &Stage,
    delay_ms: u64,
) -> anyhow::Result<tokio::task::JoinHandle<anyhow::Result<StatusCode>>> {
    stage.google.inject_fault(Fault::delay("/token", delay_ms)).await;
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let handed_over = browser.follow(&decided).await?;
    let coming_back = tokio::spawn(async move { Ok(browser.follow(&handed_over).await?.status) });
    timeout(LONGEST, stage.google.wait_for("POST", "/token", 1))
        .await
        .context("nobody waits at the provider")?;
    Ok(coming_back)
}

/// The nodes that a balancer knows, and which of them said last that they are ready.
struct Balancer {
    nodes: Vec<(u16, u16, AtomicBool)>,
    next: AtomicUsize,
}

impl Balancer {
    /// Before nodes, each with its port and that of its probes.
    fn before(nodes: &[(u16, u16)]) -> Arc<Self> {
        let nodes = nodes
            .iter()
            .map(|(port, operations)| (*port, *operations, AtomicBool::new(false)))
            .collect();
        let next = AtomicUsize::new(0);
        Arc::new(Self { nodes, next })
    }

    /// Asks every node whether it is ready, again and again.
    async fn watch(self: Arc<Self>) {
        loop {
            for (_, operations, is_ready) in &self.nodes {
                let answer = timeout(LONGEST_PROBE, probe(*operations, "/readyz")).await;
                let ready = matches!(answer, Ok(Ok(answer)) if answer.status == StatusCode::OK);
                is_ready.store(ready, Ordering::SeqCst);
            }
            tokio::time::sleep(POLL).await; // as a balancer does
        }
    }

    /// Waits until it sends requests to every node: before that, no other may be restarted.
    async fn until_all_are_ready(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + LONGEST;
        while !self.nodes.iter().all(|(_, _, ready)| ready.load(Ordering::SeqCst)) {
            if Instant::now() > deadline {
                bail!("a node does not become ready: {}", self.said().await);
            }
            tokio::time::sleep(POLL).await; // until the next look
        }
        Ok(())
    }

    /// What every node answers when asked whether it is ready.
    async fn said(&self) -> String {
        let mut said = vec![];
        for (_, operations, _) in &self.nodes {
            said.push(match timeout(LONGEST_PROBE, probe(*operations, "/readyz")).await {
                Ok(Ok(answer)) => format!("{}: {}", answer.status, answer.text),
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => "no answer".to_owned(),
            });
        }
        said.join("; ")
    }

    /// A node that is ready, in turn.
    fn node(&self) -> Option<u16> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.nodes.len();
        let mut nodes = (0..count).map(|step| &self.nodes[(turn + step) % count]);
        nodes
            .find(|(_, _, ready)| ready.load(Ordering::SeqCst))
            .map(|(port, ..)| *port)
    }
}

const CALLERS: u64 = 8;
/// A balancer takes a node that answers later for one that does not.
const LONGEST_PROBE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(40);

/// API-9: nodes of one database are restarted one after the other, again and again, while they are used at 200 requests a second.
///
/// Mutant: with the listener closed as soon as the signal comes, the balancer still sends requests there, and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn rolling_restarts_under_load_fail_no_request() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        let patient = stage
            .files
            .configuration()?
            .replace("drain_seconds = 0", "drain_seconds = 2");
        stage.files.configure(&patient)?;
        stage.server.restart().await?;
        let (mut second, second_operations) = stage.another_node().await?;
        let balancer = Balancer::before(&[
            (stage.server.port(), stage.files.operations()),
            (second.port(), second_operations),
        ]);
        let _watching = tokio::spawn(Arc::clone(&balancer).watch());
        balancer.until_all_are_ready().await?;

        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for number in 0..CALLERS {
            let place = stage.agency.bakery().await?;
            let link = stage.agency.fresh_link().await?.token().to_owned();
            callers.spawn(call(
                Arc::clone(&balancer),
                Arc::clone(&stop),
                stage.agency.key.clone(),
                place,
                link,
                number,
            ));
        }
        for round in 0..scaled(4) {
            let server = if round % 2 == 0 { &mut stage.server } else { &mut second };
            restart(server).await.with_context(|| format!("restart {round}"))?;
            balancer.until_all_are_ready().await?;
        }
        stop.store(true, Ordering::SeqCst);
        let mut served = 0;
        while let Some(caller) = callers.join_next().await {
            served += caller??;
        }
        ensure!(served > 200, "only {served} requests were sent");
        println!("{} restarts, {served} requests, none failed", scaled(4));
        Ok(())
    })
    .await
}

async fn restart(server: &mut Server) -> anyhow::Result<()> {
    server.signal(Signal::TERM)?;
    let ended = server.ended().await?;
    ensure!(ended.success(), "{ended}: {}", server.last_said()?);
    server.spawn_again()?;
    server.wait_until_it_answers().await
}

/// Opens a link and issues others, in turn, until told to stop; how often. Anything but success is the story's end.
async fn call(
    balancer: Arc<Balancer>,
    stop: Arc<AtomicBool>,
    key: String,
    place: Place,
    link: String,
    number: u64,
) -> anyhow::Result<usize> {
    let http = client()?;
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let body =
        json!({"customer_id": place.customer, "location_id": place.location, "provider": "google", "name": "Reviews"});
    let mut served = 0;
    while !stop.load(Ordering::SeqCst) {
        ticks.tick().await;
        let port = balancer.node().context("no node is ready")?;
        let request = if served % 2 == 0 {
            let page = http.get(format!("http://{AGENCY_HOST}:{port}/c/{link}"));
            page.header("x-forwarded-for", format!("10.{number}.{}.7", served % 250))
        } else {
            let call = http.post(format!("http://{CALLBACK_HOST}:{port}/api/agency/v1/links"));
            call.bearer_auth(&key).json(&body)
        };
        let answer = request
            .send()
            .await
            .with_context(|| format!("request {served} to {port}"))?;
        let status = answer.status();
        ensure!(
            status.is_success(),
            "request {served} to {port}: {status}: {}",
            answer.text().await?
        );
        answer.text().await?;
        served += 1;
    }
    Ok(served)
}
