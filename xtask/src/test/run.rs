//! Builds and runs the tests: with nextest where it is installed, else with `cargo test`.

use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::foreground::Foreground;
use super::summary::Counts;
use crate::cargo::{self, cargo};
use crate::interop;

/// Variables for the tests.
pub(super) type Environment = Vec<(&'static str, OsString)>;

/// Builds every test and every binary in one go, so that both share their dependencies. Answers with the path of the
/// binary that the tests start.
pub(super) fn build(foreground: &Foreground) -> Result<PathBuf> {
    let mut command = cargo(["build", "--workspace", "--bins", "--tests", "--locked"]);
    let mut binary = None;
    foreground.read_stdout(command.arg("--message-format=json-render-diagnostics"), |line| {
        binary = Artifact::binary(line).or(binary.take());
    })?;
    binary.context("cargo built no binary `grantlink`")
}

/// One of cargo's messages.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Artifact {
    fn binary(message: &str) -> Option<PathBuf> {
        let artifact: Self = serde_json::from_str(message).ok()?;
        let wanted = artifact.target.name == "grantlink"
            && artifact.target.kind.contains(&"bin".into())
            && !artifact.profile.test;
        artifact.executable.filter(|_| wanted)
    }
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

    #[test]
    fn the_binary_is_told_from_its_own_tests() {
        let message = |test, kind| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"grantlink","kind":["{kind}"]}},"profile":{{"test":{test}}},"executable":"/x"}}"#
            )
        };
        assert_eq!(Artifact::binary(&message(false, "bin")), Some("/x".into()));
        assert_eq!(Artifact::binary(&message(true, "bin")), None);
        assert_eq!(Artifact::binary(&message(false, "lib")), None);
        assert_eq!(Artifact::binary(r#"{"reason":"build-finished"}"#), None);
    }
}
