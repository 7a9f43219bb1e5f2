//! Traces: the steps of a request, as a collector of OpenTelemetry reads them (OTLP over HTTP, JSON).
//!
//! A request is never held up by it: a step that ended goes into a queue of bounded length, what does not fit is dropped and
//! counted, and a task of its own sends the rest.

mod config;
mod export;
mod figures;
mod otlp;
mod step;
mod steps;

#[cfg(test)]
mod tests;

pub use config::{TracesConfig, TracesError};
pub use figures::TraceFigures;
pub use steps::{Parent, Steps, is_kept};

use std::{sync::Arc, time::Duration};

use application::ports::clock::Clock;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::http::HttpClient;

/// Steps that wait to be sent.
const LONGEST_QUEUE: usize = 8_192;
/// What waits at the end may take so long to be sent.
const LONGEST_FAREWELL: Duration = Duration::from_secs(5);

/// A running exporter.
pub struct Traces {
    figures: TraceFigures,
    stop: CancellationToken,
    sending: JoinHandle<()>,
}

impl Traces {
    /// Starts sending to a collector, if one is configured. The layer collects what is sent.
    ///
    /// # Errors
    /// What must be changed in the configuration.
    pub fn start(
        config: &TracesConfig,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<(Self, Steps)>, TracesError> {
        let Some(collector) = config.collector()? else {
            return Ok(None);
        };
        let (queue, ended) = mpsc::channel(LONGEST_QUEUE);
        let (figures, stop) = (TraceFigures::default(), CancellationToken::new());
        let steps = Steps::new(config.sample_ratio, queue, clock, figures.clone());
        let exporter = export::Exporter {
            http,
            collector,
            resource: otlp::resource(&config.service_name),
            figures: figures.clone(),
        };
        let sending = tokio::spawn(exporter.run(ended, stop.clone()));
        let traces = Self { figures, stop, sending };
        Ok(Some((traces, steps)))
    }

    /// What became of the steps.
    pub fn figures(&self) -> &TraceFigures {
        &self.figures
    }

    /// Sends what waits, for some seconds at most.
    pub async fn close(self) {
        self.stop.cancel();
        if tokio::time::timeout(LONGEST_FAREWELL, self.sending).await.is_err() {
            tracing::warn!("the collector of traces takes too long: the last steps are lost");
        }
    }
}
