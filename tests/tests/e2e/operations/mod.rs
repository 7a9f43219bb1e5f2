//! What operators see of a node, and how it behaves at its limits and at its end.

mod doctor;
mod drain;
mod floods;
pub(crate) mod overload;
mod probes;
mod traces;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use grantlink_tests::harness::{Answer, Stage, probe};

const POLL: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(30);

/// Asks a node whether it is ready until it answers with that status; what it said then.
pub(crate) async fn until_readyz(port: u16, status: u16) -> anyhow::Result<Answer> {
    let deadline = Instant::now() + LONGEST;
    loop {
        let answer = probe(port, "/readyz").await?;
        if answer.status == status {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "not {status}: {}", answer.text);
        tokio::time::sleep(POLL).await; // until the next question
    }
}

/// What the server has in memory, in bytes.
pub(crate) fn resident(stage: &Stage) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stage.server.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}
