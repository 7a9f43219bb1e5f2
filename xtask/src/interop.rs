//! The crate that stands outside the workspace, because crates of others pin an older sqlx than ours.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;

/// A cargo command for it. What it builds lies inside the workspace's own output, so that `cargo clean` removes both.
pub(crate) fn cargo(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = cargo::cargo(arguments);
    command
        .current_dir(cargo::root().join("interop"))
        .env("CARGO_TARGET_DIR", output_folder());
    command
}

fn output_folder() -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR");
    let workspace = given.as_deref().map_or(Path::new("target"), Path::new);
    cargo::root().join(workspace).join("interop")
}
