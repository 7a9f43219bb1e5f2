//! Starts the programs of a row in turn, round after round.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::build::Programs;
use super::figure::Figure;
use super::report::{Measured, Report, Round};
use super::rows::{Peer, Row};
use crate::test::foreground::Foreground;
use crate::test::{BINARY, POSTGRES};

/// Where everything is that the programs need.
pub(super) struct Place<'a> {
    pub(super) foreground: &'a Foreground,
    pub(super) programs: &'a Programs,
    pub(super) server: &'a str,
    pub(super) folder: &'a Path,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    rounds: usize,
    time: &'static str,
    /// A crowd goes on for a minute.
    crowd: &'static str,
    /// For reading a log, and for the server's memory.
    events: &'static str,
    memory_events: &'static str,
    memory_links: &'static str,
}

impl Effort {
    pub(super) const FULL: Self = Self {
        rounds: 5,
        time: "--seconds 1 --warm-up 0.3",
        crowd: "--seconds 60 --warm-up 3",
        events: "200000",
        memory_events: "1000000",
        memory_links: "100000",
    };
    pub(super) const QUICK: Self = Self {
        rounds: 1,
        time: "--seconds 0.5 --warm-up 0.2",
        crowd: "--seconds 1 --warm-up 1",
        events: "20000",
        memory_events: "20000",
        memory_links: "2000",
    };

    /// The words of a row with what depends on the effort.
    pub(super) fn fill(self, row: &Row, words: &str) -> String {
        let events = if row.ours.contains("{links}") {
            self.memory_events
        } else {
            self.events
        };
        words
            .replace("{time}", self.time)
            .replace("{crowd}", self.crowd)
            .replace("{events}", events)
            .replace("{many}", self.memory_events)
            .replace("{links}", self.memory_links)
    }
}

/// Measures the rows. One that cannot be measured does not keep the others from it.
///
/// # Errors
/// When the task was told to end.
pub(super) fn all(place: &Place, effort: Effort, rows: &[&'static Row]) -> Result<Report> {
    let mut report = Report::default();
    for row in rows {
        let title = effort.fill(row, row.title);
        println!("    {title}");
        let rounds = if row.once { 1 } else { effort.rounds };
        let measured: Result<Vec<Round>> = (0..rounds).map(|_| round(place, effort, row)).collect();
        place.foreground.check()?;
        match measured {
            Ok(rounds) => report.add(&Measured { row, title, rounds }),
            Err(error) => {
                println!("      FAILED: {error:#}");
                report.fail(title);
            }
        }
    }
    Ok(report)
}

fn round(place: &Place, effort: Effort, row: &Row) -> Result<Round> {
    let start = |program: &Path, words: &str| start(place, program, &effort.fill(row, words));
    let ours = start(&place.programs.bench, row.ours)?;
    let peers = row.against.iter().map(|against| match against.peer {
        Peer::Ours(words) => Ok(start(&place.programs.bench, words)?.value()),
        Peer::Peers(words) => {
            let peers = place.programs.peers.as_deref().context("the peers were not built")?;
            Ok(start(peers, words)?.value())
        }
        Peer::Elsewhere(figure) => Ok(figure),
    });
    let peers = peers.collect::<Result<Vec<f64>>>()?;
    Ok(Round { ours, peers })
}

fn start(place: &Place, program: &Path, words: &str) -> Result<Figure> {
    let mut command = Command::new(program);
    command
        .args(words.split_whitespace())
        .env(POSTGRES, place.server)
        .env(BINARY, &place.programs.grantlink)
        .env("TMPDIR", place.folder)
        .current_dir(place.folder);
    let mut said = String::new();
    place
        .foreground
        .read_stdout(&mut command, |line| line.clone_into(&mut said))?;
    Figure::parse(&said).with_context(|| format!("`{words}` ended without a figure"))
}
