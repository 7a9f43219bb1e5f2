//! What becomes of the steps.

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// Counts steps. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct TraceFigures {
    /// Steps that a collector took.
    pub(super) sent: Counter,
    /// Steps that are lost: the queue was full, or the collector did not take them.
    pub(super) dropped: Counter,
}

impl TraceFigures {
    /// Names the figures for whoever collects them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "trace_steps_sent",
            "Steps of traces that the collector took",
            self.sent.clone(),
        );
        registry.register(
            "trace_steps_dropped",
            "Steps of traces that are lost",
            self.dropped.clone(),
        );
    }
}
