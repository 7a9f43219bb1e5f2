//! From a commit to its row in a view, while others append at a fixed rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use grantlink_load::{Load, Measured, drive};
use grantlink_tests::conformance::{Draft, body, stream};
use projections::link::LinkView;
use tokio::time::{Instant, sleep_until};

use crate::{
    append::payload,
    database::{Node, On, keys, on_new},
};

/// Callers that share the rate.
const WRITERS: u32 = 32;
/// Longer than a view may ever be behind.
const LONGEST: Duration = Duration::from_mins(1);

/// One caller commits and waits for the view, again and again, while others append so many events a second; the times are those
/// between its commits' answers and the view.
pub(crate) async fn run(on: On, load: Load, rate: u32) -> anyhow::Result<Measured> {
    on_new(on, move |database| async move {
        let node = Node::open(&database, &keys()).await?;
        let following = node.installation.follow();
        let appended = Arc::new(AtomicU64::new(0));
        let writers = (0..WRITERS).map(|_| tokio::spawn(write(node.app.log.clone(), rate, appended.clone())));
        let writers: Vec<_> = writers.collect();
        let began = Instant::now();
        let measured = watch(&node, &load).await;
        let reached = f64::from(u32::try_from(appended.load(Ordering::Relaxed))?) / began.elapsed().as_secs_f64();
        for writer in writers {
            writer.abort();
        }
        drop(following);
        node.close().await;
        ensure!(
            reached > f64::from(rate) * 0.8,
            "only {reached:.0} appends a second were reached"
        );
        measured
    })
    .await
}

async fn watch(node: &Node, load: &Load) -> anyhow::Result<Measured> {
    let (log, checkpoints) = (node.app.log.clone(), node.installation.checkpoints.clone());
    let alone = Load { callers: 1, ..*load };
    let mut delays = Vec::new();
    let (send, mut delayed) = tokio::sync::mpsc::unbounded_channel();
    let measured = drive(&alone, |_| {
        let (log, checkpoints, send) = (log.clone(), checkpoints.clone(), send.clone());
        move || {
            let (log, checkpoints, send) = (log.clone(), checkpoints.clone(), send.clone());
            async move {
                let draft = Draft::default().appends_with(&stream(), 0, body("Connected", &payload()));
                let position = log.commit(draft.commit()).await?.position;
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
async fn write(
    log: Arc<dyn application::ports::log::EventLog>,
    rate: u32,
    appended: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let pause = Duration::from_secs(1) * WRITERS / rate.max(1);
    let mut next = Instant::now();
    loop {
        sleep_until(next).await;
        next += pause;
        let draft = Draft::default().appends_with(&stream(), 0, body("Connected", &payload()));
        log.commit(draft.commit()).await?;
        appended.fetch_add(1, Ordering::Relaxed);
    }
}
