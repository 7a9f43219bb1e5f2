//! From a commit to its row in a view, while others append at half of the rate that they reach at most.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use application::ports::log::EventLog;
use domain::log::Position;
use grantlink_load::{Load, Measured, drive};
use grantlink_tests::conformance::{Draft, body};
use projections::{VIEWS, link::LinkView};
use tokio::time::{Instant, sleep_until};

use crate::{
    database::{Node, On, keys, on_new},
    log::Issuer,
};

/// Callers that share the rate.
const WRITERS: u32 = 32;
/// The share of what they reach alone.
const SHARE: f64 = 0.5;
/// Longer than a view may ever be behind.
const LONGEST: Duration = Duration::from_mins(1);

/// One caller commits and waits for the view, again and again, while others append at half of what they reached just before,
/// when no view followed; the times are those between its commits' answers and the view.
pub(crate) async fn run(on: On, load: Load) -> anyhow::Result<Measured> {
    on_new(on, move |database| async move {
        let node = Node::open(&database, &keys()).await?;
        let issuer = Arc::new(Issuer::new()?);
        let rate = peak(&node, &load, &issuer).await? * SHARE;
        let following = node.installation.follow();
        caught_up(&node).await?;
        let appended = Arc::new(AtomicU64::new(0));
        let writers =
            (0..WRITERS).map(|_| tokio::spawn(write(node.app.log.clone(), issuer.clone(), rate, appended.clone())));
        let writers: Vec<_> = writers.collect();
        let began = Instant::now();
        let measured = watch(&node, &load, &issuer).await;
        let reached = f64::from(u32::try_from(appended.load(Ordering::Relaxed))?) / began.elapsed().as_secs_f64();
        for writer in writers {
            writer.abort();
        }
        drop(following);
        node.close().await;
        ensure!(
            reached > rate * 0.8,
            "only {reached:.0} of {rate:.0} appends a second were reached"
        );
        measured
    })
    .await
}

/// What the writers append in a second when nobody else does anything.
async fn peak(node: &Node, load: &Load, issuer: &Arc<Issuer>) -> anyhow::Result<f64> {
    let all = Load {
        callers: WRITERS as usize,
        ..*load
    };
    let log = &node.app.log;
    let measured = drive(&all, |_| {
        let (log, issuer) = (log.clone(), issuer.clone());
        move || {
            let (log, issuer) = (log.clone(), issuer.clone());
            async move { append(log.as_ref(), &issuer).await.map(|_| true) }
        }
    })
    .await?;
    Ok(measured.per_second)
}

/// The views show what was appended for the peak.
async fn caught_up(node: &Node) -> anyhow::Result<()> {
    let head = node.app.log.head().await?;
    for view in VIEWS {
        node.installation.checkpoints.wait_for(view.name, head, LONGEST).await?;
    }
    Ok(())
}

/// A link: the product's longest event, and rows in four views.
async fn append(log: &dyn EventLog, issuer: &Issuer) -> anyhow::Result<Position> {
    let (stream, payload) = issuer.link()?;
    let draft = Draft::default().appends_with(&stream, 0, body("Issued", &payload));
    Ok(log.commit(draft.commit()).await?.position)
}

async fn watch(node: &Node, load: &Load, issuer: &Arc<Issuer>) -> anyhow::Result<Measured> {
    let (log, checkpoints) = (node.app.log.clone(), node.installation.checkpoints.clone());
    let alone = Load { callers: 1, ..*load };
    let mut delays = Vec::new();
    let (send, mut delayed) = tokio::sync::mpsc::unbounded_channel();
    let measured = drive(&alone, |_| {
        let (log, checkpoints, send, issuer) = (log.clone(), checkpoints.clone(), send.clone(), issuer.clone());
        move || {
            let (log, checkpoints, send, issuer) = (log.clone(), checkpoints.clone(), send.clone(), issuer.clone());
            async move {
                let position = append(log.as_ref(), &issuer).await?;
                let answered = Instant::now();
                checkpoints.wait_for(LinkView::VIEW.name, position, LONGEST).await?;
                send.send(answered.elapsed()).ok();
                Ok(true)
            }
        }
    })
    .await?;
    while let Ok(delay) = delayed.try_recv() {
        delays.push(delay.as_secs_f64() * 1e6);
    }
    delays.sort_unstable_by(f64::total_cmp);
    let at = |share: usize| delays.get(delays.len().saturating_sub(1) * share / 100).copied();
    Ok(Measured {
        p50_us: at(50).context("nothing was measured")?,
        p99_us: at(99).context("nothing was measured")?,
        ..measured
    })
}

/// One writer's share of the rate; one that is late does not wait.
async fn write(log: Arc<dyn EventLog>, issuer: Arc<Issuer>, rate: f64, appended: Arc<AtomicU64>) -> anyhow::Result<()> {
    let pause = Duration::from_secs_f64(f64::from(WRITERS) / rate);
    let mut next = Instant::now();
    loop {
        sleep_until(next).await;
        next += pause;
        append(log.as_ref(), &issuer).await?;
        appended.fetch_add(1, Ordering::Relaxed);
    }
}
