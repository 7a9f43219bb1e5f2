//! Builds and runs the tests: with nextest where it is installed, else with `cargo test`.

use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::foreground::Foreground;
use super::summary::Counts;
use crate::artifact;
use crate::cargo::{self, cargo};
use crate::interop;

/// Variables for the tests.
pub(super) type Environment = Vec<(&'static str, OsString)>;

/// Builds every binary and what else is named in one go, so that they share their dependencies. Answers with the path of the
/// binary that the tests start.
pub(super) fn build(foreground: &Foreground, more: &[&str]) -> Result<PathBuf> {
    let mut command = cargo(["build", "--workspace", "--bins", "--locked"]);
    command.args(more);
    let mut binary = None;
    foreground.read_stdout(command.arg("--message-format=json-render-diagnostics"), |line| {
        let built = artifact::binary(line).filter(|(name, _)| name == "grantlink");
        binary = built.map(|(_, path)| path).or(binary.take());
    })?;
    binary.context("cargo built no binary `grantlink`")
}

/// What is tested: each has a workspace of its own.
#[derive(Clone, Copy)]
pub(super) enum Suite {
    Workspace,
    /// The crate outside, which is built here too.
    Interop,
}

impl Suite {
    fn cargo(self, arguments: &[&str]) -> Command {
        match self {
            Self::Workspace => cargo(arguments),
            Self::Interop => interop::cargo(arguments),
        }
    }

    /// Runs the tests, also after one failed, and counts them.
    pub(super) fn tests(
        self,
        foreground: &Foreground,
        environment: &Environment,
        filter: &[String],
        counts: &mut Counts,
    ) -> Result<()> {
        if !cargo::has("nextest") {
            println!("    cargo-nextest is not installed: running `cargo test`");
            return self.libtest(foreground, environment, &[], filter, counts);
        }
        let colour = if std::io::stderr().is_terminal() {
            "always"
        } else {
            "auto"
        };
        let mut command = self.cargo(&["nextest", "run", "--workspace", "--locked", "--no-tests=pass"]);
        // A story's error names what happened; its backtrace is that of the runtime, and drowns it.
        command.env("RUST_LIB_BACKTRACE", "0").env("RUST_BACKTRACE", "0");
        command.args(["--color", colour, "--config-file"]);
        command
            .arg(cargo::root().join(".config/nextest.toml"))
            .arg("--")
            .args(filter)
            .envs(environment.iter().map(|(name, value)| (name, value)));
        foreground.read_stderr(&mut command, |line| {
            eprintln!("{line}");
            counts.add_nextest(line);
        })
    }

    fn libtest(
        self,
        foreground: &Foreground,
        environment: &Environment,
        which: &[&str],
        filter: &[String],
        counts: &mut Counts,
    ) -> Result<()> {
        let mut command = self.cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
        command
            .args(which)
            .arg("--")
            .args(filter)
            .envs(environment.iter().map(|(name, value)| (name, value)));
        foreground.read_stdout(&mut command, |line| {
            println!("{line}");
            counts.add_libtest(line);
        })
    }
}

/// Whether the runner leaves the examples in the documentation to `doc_tests`.
pub(super) fn doc_tests_are_apart() -> bool {
    cargo::has("nextest")
}

/// Whether any documentation has an example that is meant to run: building them takes a while, so not for nothing.
pub(super) fn has_doc_tests() -> Result<bool> {
    for file in crate::files::rust(cargo::root())? {
        if has_example(&fs::read_to_string(file)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a fence opens in the documentation that rustdoc takes for Rust.
fn has_example(source: &str) -> bool {
    let lines = source.lines().map(str::trim_start);
    let documentation = lines.filter_map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")));
    let mut fences = documentation.filter_map(|text| text.trim().strip_prefix("```"));
    while let (Some(opening), _closing) = (fences.next(), fences.next()) {
        let first = opening.split(',').next().unwrap_or_default();
        if ["", "rust", "no_run", "should_panic", "compile_fail"].contains(&first) {
            return true;
        }
    }
    false
}

/// Runs the examples in the documentation.
pub(super) fn doc_tests(foreground: &Foreground, environment: &Environment, counts: &mut Counts) -> Result<()> {
    Suite::Workspace.libtest(foreground, environment, &["--doc"], &[], counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_told_from_a_picture() {
        assert!(has_example("/// ```\n/// assert!(true);\n/// ```"));
        assert!(has_example(
            "//! ```text\n//! a -> b\n//! ```\n    /// ```rust,no_run\n    /// ```"
        ));
        assert!(!has_example("/// ```text\n/// a -> b\n/// ```\n// ```\n"));
    }
}
