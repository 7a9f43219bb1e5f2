//! Where the server's own words go.

use std::io::IsTerminal;

use adapters::traces::Steps;
use anyhow::Context;
use application::step::STEP;
use tracing_subscriber::{EnvFilter, Layer, filter::Directive, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::panics;
use crate::config::LogConfig;

/// Starts logging to standard error, and collecting the steps of requests where somebody wants them.
///
/// # Errors
/// When the filter cannot be read.
pub(super) fn start(config: &LogConfig, steps: Option<Steps>) -> anyhow::Result<()> {
    // Steps are for traces: in the log they would stand around every line.
    let no_steps: Directive = format!("{STEP}=off").parse()?;
    let filter = EnvFilter::try_new(&config.filter).context("log.filter cannot be read")?;
    let filter = filter.add_directive(no_steps);
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
    let lines = if config.json.unwrap_or(!colours) {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.boxed()
    };
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(steps.map(Steps::layer))
        .try_init();
    started.map_err(|error| anyhow::anyhow!("logging cannot start: {error}"))?;
    panics::to_the_log();
    Ok(())
}
