//! `cargo xtask check`: everything that can be said about the code without running its tests. One file per rule.

mod arrows;
mod bans;
pub(crate) mod generated;
mod licences;
mod metadata;
mod policy;
mod secrets;
mod sizes;
mod sources;

use anyhow::{Result, bail};

use crate::cargo::{self, cargo};
use crate::interop;
use crate::stage::Stages;
use metadata::Metadata;
use policy::Policy;

/// Runs every stage, also after one failed: one run shows all there is to repair.
///
/// # Errors
/// When a stage failed.
pub(crate) fn run() -> Result<()> {
    let mut stages = Stages::default();
    stages.run("format", || cargo::run(&mut cargo(["fmt", "--all", "--check"])));
    stages.run("file sizes", || refuse(&sizes::check(cargo::root())?));
    stages.run("secrets", || refuse(&secrets::check(cargo::root())?));
    if let Some((metadata, policy)) = stages.run("metadata", || Ok((Metadata::read()?, Policy::read()?))) {
        stages.run("arrows", || refuse(&arrows::check(&metadata)));
        stages.run("bans", || refuse(&bans::check(&metadata, &policy.bans)));
        stages.run("licences", || refuse(&licences::check(&metadata, &policy.licenses)));
        stages.run("sources", || refuse(&sources::check(&metadata, &policy.sources)));
        stages.run("interop", || outside(&metadata, &policy));
    }
    stages.run("clippy", clippy);
    stages.run("documentation", documentation);
    stages.run("generated files", generated::check);
    let tools = [
        tool(&mut stages, "deny", &["deny", "check", "bans", "licenses", "sources"]),
        tool(&mut stages, "machete", &["machete"]),
    ];
    println!("\n{stages}\n{}", tools.join("\n"));
    stages.finish()
}

fn clippy() -> Result<()> {
    cargo::run(&mut cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The crate outside the workspace keeps the same rules: its tree, too, holds one sqlx, only an older one.
fn outside(ours: &Metadata, policy: &Policy) -> Result<()> {
    let tree = Metadata::read_outside(ours)?;
    let mut findings = bans::check(&tree, &policy.bans);
    findings.extend(licences::check(&tree, &policy.licenses));
    findings.extend(sources::check(&tree, &policy.sources));
    refuse(&findings)?;
    cargo::run(&mut interop::cargo(["fmt", "--check"]))?;
    cargo::run(&mut interop::cargo([
        "clippy",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn documentation() -> Result<()> {
    cargo::run(cargo(["doc", "--no-deps", "--workspace", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs a tool that not everybody has. Hands back the line that says whether it ran.
fn tool(stages: &mut Stages, name: &'static str, arguments: &[&str]) -> String {
    if !cargo::has(name) {
        return format!("cargo-{name}: not installed, did not run");
    }
    stages.run(name, || cargo::run(&mut cargo(arguments)));
    format!("cargo-{name}: ran")
}

/// A rule answers with what breaks it; nothing is a pass.
fn refuse(findings: &[String]) -> Result<()> {
    if !findings.is_empty() {
        bail!(
            "{}",
            findings
                .iter()
                .map(|finding| format!("  - {finding}"))
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
    Ok(())
}
