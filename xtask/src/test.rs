//! `cargo xtask test`: finds or installs what the tests need, starts a private database server, runs every test, counts
//! them, and leaves nothing behind.

pub(crate) mod foreground;
pub(crate) mod packages;
pub(crate) mod postgres;
mod run;
mod summary;
pub(crate) mod torture;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::stage::Stages;
use foreground::Foreground;
use packages::Found;
use postgres::Postgres;
use summary::Counts;

pub(crate) const POSTGRES: &str = "GRANTLINK_TEST_POSTGRES";
const POSTGRES_BIN: &str = "GRANTLINK_TEST_POSTGRES_BIN";
const CHROMEDRIVER: &str = "GRANTLINK_TEST_CHROMEDRIVER";
const CHROMIUM: &str = "GRANTLINK_TEST_CHROMIUM";
pub(crate) const BINARY: &str = "GRANTLINK_TEST_BINARY";

/// Runs the tests. Says how long each stage took, then what failed, and on the last line what ran.
///
/// It fails when something is missing, does not build or does not start; when a test fails; and when no test ran at all.
pub(crate) fn run(filter: &[String]) -> ExitCode {
    let mut stages = Stages::default();
    let mut counts = Counts::default();
    let outcome = Foreground::new().and_then(|foreground| {
        all_stages(&mut stages, &foreground, filter, &mut counts);
        foreground.check()
    });
    println!("\n{stages}");
    let code = crate::exit(outcome.and_then(|()| stages.finish()).and_then(|()| some_ran(counts)));
    println!("{counts}");
    code
}

fn some_ran(counts: Counts) -> Result<()> {
    if counts.ran() == 0 {
        bail!(
            "no test ran; {} were left out by the filter or by #[ignore]",
            counts.skipped
        );
    }
    Ok(())
}

/// Nothing when the tests did not get to run.
fn all_stages(stages: &mut Stages, foreground: &Foreground, filter: &[String], counts: &mut Counts) -> Option<()> {
    let server = std::env::var(POSTGRES).ok();
    let found = stages.run("packages", || packages::provide(foreground))?;
    let binary = stages.run("build", || run::build(foreground, &["--tests"]))?;
    let (_private, url) = stages.run("PostgreSQL", || database(server, &found))?;
    let environment = environment(url, binary, found);
    for (name, suite) in [("tests", run::Suite::Workspace), ("interop", run::Suite::Interop)] {
        stages.run(name, || suite.tests(foreground, &environment, filter, counts));
        foreground.check().ok()?;
    }
    if run::doc_tests_are_apart() && run::has_doc_tests().unwrap_or(true) {
        if filter.is_empty() {
            stages.run("doc tests", || run::doc_tests(foreground, &environment, counts));
        } else {
            println!("--- doc tests: they run only without a filter");
        }
    }
    Some(())
}

/// The server that the caller names, or else a private one that lives as long as the first half of the answer.
fn database(given: Option<String>, found: &Found) -> Result<(Option<Postgres>, String)> {
    if let Some(url) = given {
        println!("    using the server of {POSTGRES}");
        return Ok((None, url));
    }
    let private = Postgres::start(&found.postgres)?;
    let url = private.url();
    println!("    private server at {url}");
    Ok((Some(private), url))
}

/// What the tests are told. They refuse to start without it, so that none is left out in silence.
fn environment(postgres: String, binary: PathBuf, found: Found) -> run::Environment {
    vec![
        (POSTGRES, postgres.into()),
        (POSTGRES_BIN, found.postgres.into()),
        (BINARY, binary.into()),
        (CHROMEDRIVER, found.chromedriver.into()),
        (CHROMIUM, found.chromium.into()),
    ]
}
