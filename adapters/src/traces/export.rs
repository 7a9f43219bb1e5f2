//! The task that sends.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{config::Collector, figures::TraceFigures, otlp, step::Step};
use crate::http::HttpClient;

/// Steps that are sent together.
const LARGEST_BATCH: usize = 512;
/// A step waits so long for others.
const GATHERING: Duration = Duration::from_secs(1);
/// One request to the collector.
const LONGEST_REQUEST: Duration = Duration::from_secs(3);
/// What a collector answers is not long.
const LONGEST_ANSWER: usize = 64 * 1024;

pub(super) struct Exporter {
    pub(super) http: HttpClient,
    pub(super) collector: Collector,
    pub(super) resource: Value,
    pub(super) figures: TraceFigures,
}

impl Exporter {
    /// Sends what comes, until it is told to stop, and then what waits.
    pub(super) async fn run(self, mut ended: mpsc::Receiver<Step>, stop: CancellationToken) {
        let mut works = true;
        loop {
            let batch = gather(&mut ended, &stop).await;
            if batch.is_empty() {
                return; // it stopped, and nothing waits
            }
            let count = batch.len() as u64;
            match self.send(batch).await {
                Ok(()) => self.figures.sent.inc_by(count),
                Err(reason) => {
                    self.figures.dropped.inc_by(count);
                    if works {
                        tracing::warn!(
                            reason,
                            "the collector of traces takes no steps: they are dropped until it does"
                        );
                    }
                    works = false;
                    continue;
                }
            };
            if !works {
                tracing::info!("the collector of traces takes steps again");
            }
            works = true;
        }
    }

    /// Once: a step that is lost is no harm, and one that is sent again and again would be.
    async fn send(&self, batch: Vec<Step>) -> Result<(), String> {
        let request = self
            .http
            .request(Method::POST, self.collector.url.clone())
            .headers(self.collector.headers.clone())
            .timeout(LONGEST_REQUEST)
            .json(&otlp::request(&self.resource, batch));
        let answer = self.http.send(request, LONGEST_ANSWER).await;
        match answer {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(format!("it answers {}", answer.status.as_u16())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Some steps; none only when it was told to stop and no more wait.
async fn gather(ended: &mut mpsc::Receiver<Step>, stop: &CancellationToken) -> Vec<Step> {
    let mut batch = vec![];
    let mut until = None;
    while batch.len() < LARGEST_BATCH {
        let room = LARGEST_BATCH - batch.len();
        let deadline = until.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        tokio::select! {
            biased;
            count = ended.recv_many(&mut batch, room) => {
                if count == 0 {
                    return batch; // nobody is left who could end a step
                }
                until.get_or_insert_with(|| Instant::now() + GATHERING);
            }
            () = stop.cancelled() => return batch,
            () = tokio::time::sleep_until(deadline), if until.is_some() => return batch,
        }
    }
    batch
}
