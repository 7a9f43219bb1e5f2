//! The measured programs, as a release has them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::artifact;
use crate::cargo::cargo;
use crate::interop;
use crate::test::foreground::Foreground;

const RELEASE: [&str; 4] = [
    "build",
    "--release",
    "--locked",
    "--message-format=json-render-diagnostics",
];

/// Where they are.
pub(super) struct Programs {
    pub(super) grantlink: PathBuf,
    pub(super) bench: PathBuf,
    /// Only where a row wants them.
    pub(super) peers: Option<PathBuf>,
}

pub(super) fn programs(foreground: &Foreground, with_peers: bool) -> Result<Programs> {
    let ours = [
        "-p",
        "grantlink",
        "-p",
        "grantlink-tests",
        "--bin",
        "grantlink",
        "--bin",
        "bench",
    ];
    let [grantlink, bench] = build(foreground, cargo(RELEASE).args(ours), ["grantlink", "bench"])?;
    let peers = if with_peers { Some(peers(foreground)?) } else { None };
    Ok(Programs {
        grantlink,
        bench,
        peers,
    })
}

/// From the crate outside the workspace, which names the peers' own versions of what we use.
fn peers(foreground: &Foreground) -> Result<PathBuf> {
    let mut command = interop::cargo(RELEASE);
    command.args(["--features", "peers", "--bin", "peers"]);
    let [peers] = build(foreground, &mut command, ["peers"])?;
    Ok(peers)
}

fn build<const N: usize>(foreground: &Foreground, command: &mut Command, names: [&str; N]) -> Result<[PathBuf; N]> {
    let mut built = Vec::new();
    foreground.read_stdout(command, |line| built.extend(artifact::binary(line)))?;
    let found = names.map(|name| {
        built
            .iter()
            .find(|(built, _)| built == name)
            .map(|(_, path)| path.clone())
    });
    let missing = || format!("cargo did not build all of {}", names.join(", "));
    let found: Vec<PathBuf> = found.into_iter().collect::<Option<_>>().with_context(missing)?;
    found.try_into().ok().with_context(missing)
}
