//! What the writing task counts: where a slow disk, a full queue or much contention shows first.

use std::time::Duration;

use application::ports::log::CommitError;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::Outcome;

/// From a memory-backed disk to one that stands still, in seconds.
const SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0,
];
const MEMBERS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The figures of one node's appending to the log. Clones count together.
#[derive(Clone, Debug)]
pub struct LogFigures {
    /// Commits that wait to be written.
    pub(super) queued: Gauge,
    /// Commits that were refused because too many waited.
    pub(super) refused: Counter,
    conflicts: Counter,
    seconds: Histogram,
    members: Histogram,
}

impl Default for LogFigures {
    fn default() -> Self {
        Self {
            queued: Gauge::default(),
            refused: Counter::default(),
            conflicts: Counter::default(),
            seconds: Histogram::new(SECONDS),
            members: Histogram::new(MEMBERS),
        }
    }
}

impl LogFigures {
    /// Names the figures for whoever collects them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "append_queue_depth",
            "Commits that wait to be written",
            self.queued.clone(),
        );
        registry.register(
            "append_refused",
            "Commits that were refused because too many waited",
            self.refused.clone(),
        );
        registry.register(
            "append_conflicts",
            "Commits that were refused because a stream had moved on; each is decided again",
            self.conflicts.clone(),
        );
        registry.register(
            "append_seconds",
            "How long one batch took to be written and flushed",
            self.seconds.clone(),
        );
        registry.register(
            "append_batch_commits",
            "How many commits shared one flush",
            self.members.clone(),
        );
    }

    /// Counts one batch.
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most 256 members")]
    pub(super) fn wrote(&self, took: Duration, outcomes: &[Option<Outcome>]) {
        self.seconds.observe(took.as_secs_f64());
        self.members.observe(outcomes.iter().flatten().count() as f64);
        let conflicts = outcomes.iter().flatten();
        let conflicts = conflicts.filter(|outcome| matches!(outcome, Err(CommitError::Conflict(_))));
        self.conflicts.inc_by(conflicts.count() as u64);
    }
}
