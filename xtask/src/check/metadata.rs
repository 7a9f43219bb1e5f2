//! The part of `cargo metadata` that the rules read.

use std::process::Command;

use anyhow::Result;
use serde::Deserialize;

use crate::cargo::{self, cargo};
use crate::interop;

const METADATA: [&str; 6] = [
    "metadata",
    "--format-version",
    "1",
    "--locked",
    "--all-features",
    "--quiet",
];

#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Nothing for a crate that lies in a folder.
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line of a `Cargo.toml`, of any kind: normal, dev or build.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The package's own name, also where it is renamed.
    pub(crate) name: String,
}

impl Metadata {
    /// Reads the workspace's whole graph, for every system and feature.
    pub(super) fn read() -> Result<Self> {
        Self::of(&mut cargo(METADATA))
    }

    /// Reads the graph of the crate outside, which may lean on crates of the workspace: `ours`.
    pub(super) fn read_outside(ours: &Self) -> Result<Self> {
        let mut outside = Self::of(&mut interop::cargo(METADATA))?;
        outside.workspace_members.extend_from_slice(&ours.workspace_members);
        Ok(outside)
    }

    fn of(command: &mut Command) -> Result<Self> {
        Ok(serde_json::from_slice(&cargo::output(command)?)?)
    }

    /// Our own crates.
    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
    }
}

#[cfg(test)]
impl Package {
    /// A crate of the workspace, for the rules' own tests.
    pub(super) fn named(name: &str, dependencies: &[&str]) -> Self {
        Self {
            id: format!("{name} 1.0.0"),
            name: name.into(),
            version: "1.0.0".into(),
            license: Some("MIT".into()),
            source: None,
            dependencies: dependencies
                .iter()
                .map(|name| Dependency { name: (*name).into() })
                .collect(),
        }
    }
}

#[cfg(test)]
impl From<Vec<Package>> for Metadata {
    fn from(packages: Vec<Package>) -> Self {
        let ours = packages.iter().filter(|package| package.source.is_none());
        Self {
            workspace_members: ours.map(|package| package.id.clone()).collect(),
            packages,
        }
    }
}
