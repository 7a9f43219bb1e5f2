//! `cargo xtask bench`: one table of ratios. Every row starts our program and what it is compared with in turn, round after round,
//! on the same private database server and disk, so that whatever else the machine does falls on both alike.

mod build;
mod figure;
mod machine;
mod page;
mod report;
mod rows;
mod run;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::stage::Stages;
use crate::test::{foreground::Foreground, packages, postgres::Postgres};
use machine::Machine;
use report::Report;
use rows::{ROWS, Row};
use run::Effort;

/// What the caller wants.
#[derive(clap::Args)]
pub(crate) struct Wish {
    /// One short round of everything, to see that it runs; the figures say little
    #[arg(long)]
    quick: bool,
    /// Only the rows whose names begin so
    #[arg(long)]
    only: Option<String>,
}

/// Runs the rows and prints the table. The whole table, measured with full effort, also goes into `docs/benchmarks.md`.
///
/// # Errors
/// When something is missing, does not build or does not start, or a row could not be measured. A missed target is no error.
pub(crate) fn run(wish: &Wish) -> Result<()> {
    let rows = wanted(wish.only.as_deref())?;
    let foreground = Foreground::new()?;
    let mut stages = Stages::default();
    let outcome = measure(&mut stages, &foreground, wish, &rows);
    foreground.check()?;
    stages.finish()?;
    let Some((machine, report)) = outcome else {
        bail!("nothing was measured");
    };
    println!("\n{machine}\n\n{report}");
    if wish.quick || wish.only.is_some() {
        println!("docs/benchmarks.md stays as it is: only the whole table, measured with full effort, goes there.");
    } else {
        page::write(&machine, &report)?;
    }
    ensure!(report.is_complete(), "some rows could not be measured");
    Ok(())
}

fn wanted(only: Option<&str>) -> Result<Vec<&'static Row>> {
    let rows: Vec<_> = ROWS
        .iter()
        .filter(|row| only.is_none_or(|only| row.name.starts_with(only)))
        .collect();
    let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    ensure!(
        !rows.is_empty(),
        "there is no such row; there are: {}",
        names.join(", ")
    );
    Ok(rows)
}

fn measure(
    stages: &mut Stages,
    foreground: &Foreground,
    wish: &Wish,
    rows: &[&'static Row],
) -> Option<(Machine, Report)> {
    let folder = stages.run("disk", data_folder)?;
    let found = stages.run("packages", || packages::provide_postgres(foreground))?;
    let programs = stages.run("build", || {
        build::programs(foreground, rows.iter().any(|row| row.needs_peers()))
    })?;
    let server = stages.run("PostgreSQL", || Postgres::start_with(&found, machine::SETTINGS))?;
    let machine = stages.run("machine", || Machine::look(&found, folder.path()))?;
    let place = run::Place {
        foreground,
        programs: &programs,
        server: &server.url(),
        folder: folder.path(),
    };
    let effort = if wish.quick { Effort::QUICK } else { Effort::FULL };
    let report = stages.run("rows", || run::all(&place, effort, rows))?;
    Some((machine, report))
}

/// Where the measured programs put their files, beside the server's data.
fn data_folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("grantlink-bench-").tempdir()?;
    let disk = machine::file_system(folder.path())?;
    ensure!(
        !machine::is_memory(&disk),
        "{} is in memory ({disk}), where nothing has to wait for a disk: name a folder on a disk in TMPDIR",
        folder.path().display()
    );
    folder
        .path()
        .to_str()
        .context("the temporary folder's name is no text")?;
    Ok(folder)
}
