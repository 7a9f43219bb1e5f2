//! The part of `deny.toml` that the rules read: one list of bans, licences and sources for cargo-deny and for us.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::cargo;

#[derive(Deserialize)]
pub(super) struct Policy {
    pub(super) bans: Bans,
    pub(super) licenses: Licenses,
    pub(super) sources: Sources,
}

#[derive(Deserialize)]
pub(super) struct Bans {
    pub(super) deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Ban {
    #[serde(rename = "crate")]
    pub(super) name: String,
    /// One version is welcome, a second one is not.
    #[serde(default)]
    pub(super) deny_multiple_versions: bool,
    pub(super) reason: String,
}

#[derive(Deserialize)]
pub(super) struct Licenses {
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
pub(super) struct Exception {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Sources {
    pub(super) allow_registry: Vec<String>,
}

impl Policy {
    pub(super) fn read() -> Result<Self> {
        let text = std::fs::read_to_string(cargo::root().join("deny.toml")).context("cannot read deny.toml")?;
        toml::from_str(&text).context("deny.toml")
    }
}
