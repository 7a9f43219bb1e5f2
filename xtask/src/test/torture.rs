//! `cargo xtask torture`: the crash and race tests at length, and then with every mutant, each of which they must catch.

mod mutants;
mod report;

use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tempfile::NamedTempFile;

use super::foreground::Foreground;
use super::run::{Environment, build};
use super::{database, environment, packages};
use crate::cargo::{self, cargo};
use crate::stage::Stages;
use report::{Report, Test};

/// What is built, always the same way: packages that are built alone would need other dependencies.
const TARGETS: [&str; 2] = ["--test", "e2e"];

/// How long, by what chance, and whether with mutants.
#[derive(Args)]
pub(crate) struct Options {
    /// Begin further rounds, with other seeds, until so many minutes are over; without it there is one round
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// The stories' short figures, times this; times 25 they are what is promised of them, or more
    #[arg(long, default_value_t = 25)]
    scale: u32,
    /// For so many seconds at least no mail server is there, in the story of the mails
    #[arg(long, default_value_t = 0)]
    outage: u32,
    /// Repeat the round of this seed
    #[arg(long)]
    seed: Option<u64>,
    /// Then break each promise on purpose, and see that the tests notice
    #[arg(long)]
    mutants: bool,
}

/// Runs the stories. The last lines say for each what it counted, how long it took, and how it ended.
///
/// It fails when a story fails, and when one does not notice a mutant.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut stages = Stages::default();
    let mut report = Report::default();
    let outcome = Foreground::new().and_then(|foreground| {
        all_stages(&mut stages, &foreground, options, &mut report);
        foreground.check()
    });
    println!("\n{report}\n{stages}");
    crate::exit(outcome.and_then(|()| stages.finish()))
}

/// Nothing when the stories did not get to run.
fn all_stages(stages: &mut Stages, foreground: &Foreground, options: &Options, report: &mut Report) -> Option<()> {
    stages.run("nextest", || {
        ensure!(
            cargo::has("nextest"),
            "the stories run in cargo-nextest: `cargo install --locked cargo-nextest`"
        );
        Ok(())
    })?;
    let found = stages.run("packages", || packages::provide(foreground))?;
    let binary = stages.run("build", || build(foreground, &TARGETS))?;
    let server = std::env::var(super::POSTGRES).ok();
    let (_private, url) = stages.run("PostgreSQL", || database(server, &found))?;
    let mut environment = environment(url, binary, found);
    let began = Instant::now();
    let mut seed = options.seed.unwrap_or_else(some_seed);
    loop {
        println!("    seed {seed}");
        let long = [
            ("GRANTLINK_TEST_SCALE", options.scale.to_string().into()),
            ("GRANTLINK_TEST_OUTAGE", options.outage.to_string().into()),
            ("GRANTLINK_TEST_SEED", seed.to_string().into()),
        ];
        let told = stages.run("stories", || {
            stories(foreground, &environment, &long, "test(/^torture::/)", &[])
        });
        report.rounds.extend(told.clone());
        let passed = stages.run("outcome", || all_passed(told.as_deref()));
        seed = seed.wrapping_add(1);
        if passed.is_none() || began.elapsed() >= Duration::from_secs(options.minutes * 60) {
            break;
        }
    }
    if options.mutants {
        mutants::run_all(stages, foreground, &mut environment, report);
        // The last mutant's programs must not stay behind.
        stages.run("build anew", || build(foreground, &TARGETS))?;
    }
    Some(())
}

fn all_passed(tests: Option<&[Test]>) -> Result<()> {
    let tests = tests.context("the stories did not run")?;
    ensure!(!tests.is_empty(), "no story ran");
    ensure!(tests.iter().all(|test| test.passed), "a story failed; it told its seed");
    Ok(())
}

/// Runs the stories of a filter and answers how each of them ended; that one failed is no error here.
fn stories(
    foreground: &Foreground,
    environment: &Environment,
    more: &[(&'static str, OsString)],
    filter: &str,
    arguments: &[&str],
) -> Result<Vec<Test>> {
    let figures = NamedTempFile::new()?;
    let mut command = cargo([
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--profile",
        "torture",
        "--color",
        "never",
    ]);
    command.args(TARGETS).args(arguments).args(["-E", filter]);
    command.envs(environment.iter().chain(more).map(|(name, value)| (name, value)));
    command.env("GRANTLINK_TEST_FIGURES", figures.path());
    let mut tests = Vec::new();
    let outcome = foreground.read_stderr(&mut command, |line| {
        eprintln!("{line}");
        Test::add_nextest(&mut tests, line);
    });
    // A test that failed stands in the list; without any, the runner itself failed.
    if tests.is_empty() {
        outcome?;
    }
    foreground.check()?;
    Test::add_figures(&mut tests, &fs::read_to_string(figures.path())?);
    Ok(tests)
}

fn some_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
