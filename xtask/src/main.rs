//! The project's own tasks: `cargo xtask check`, `test`, `torture`, `bench` and `generate`. Whatever a person or
//! continuous integration has to run is one of these, so that both run the same thing.

mod artifact;
mod bench;
mod cargo;
mod check;
mod files;
mod interop;
mod stage;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's own tasks")]
enum Task {
    /// Formatting, lints, documentation, dependency rules, licences and generated files
    Check,
    /// All tests, on a private `PostgreSQL` and in a real browser; installs what is missing where it may
    Test {
        /// Passed on to the test runner: name filters, `--ignored`, `--exact`, ...
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// The table of benchmarks, on a private `PostgreSQL` and a real disk
    Bench(bench::Wish),
    /// The crash and race tests at length, with a table of what they counted
    Torture(test::torture::Options),
    /// Writes the generated files anew
    Generate,
}

fn main() -> ExitCode {
    match Task::parse() {
        Task::Check => exit(check::run()),
        Task::Test { filter } => test::run(&filter),
        Task::Bench(wish) => exit(bench::run(&wish)),
        Task::Torture(options) => test::torture::run(&options),
        Task::Generate => exit(check::generated::write()),
    }
}

/// Says what went wrong, in words and to the caller.
fn exit(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
