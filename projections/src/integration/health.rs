//! Whether a connection still works, and for what: as events say. When the provider last answered is no event, and not here.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    grant::LossReason,
    integration::{Capability, CapabilityState},
};
use serde::{Deserialize, Serialize};

/// How well a connection is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HealthStatus {
    /// The provider did all that it was asked for.
    Ok,
    /// Only a new sign-in helps.
    NeedsReconnect,
    /// It works, but not for everything.
    Degraded,
    /// The provider has not answered yet.
    Unknown,
}

/// What events say about a connection's health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Since when only a new sign-in helps, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
    /// What the provider said to each thing that it was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capabilities: BTreeMap<Capability, Said>,
}

/// The end of a connection's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Why.
    pub reason: LossReason,
    /// Since when that is known.
    pub since: Timestamp,
}

/// What a provider said to something that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What.
    pub state: CapabilityState,
    /// Since when it says so.
    pub since: Timestamp,
}

impl Said {
    fn is_bad(&self) -> bool {
        !matches!(self.state, CapabilityState::Ok | CapabilityState::Unknown)
    }
}

impl Health {
    /// How well the connection is.
    pub fn status(&self) -> HealthStatus {
        let mut said = self.capabilities.values();
        if self.broken.is_some() {
            HealthStatus::NeedsReconnect
        } else if said.clone().any(Said::is_bad) {
            HealthStatus::Degraded
        } else if said.any(|said| said.state == CapabilityState::Ok) {
            HealthStatus::Ok
        } else {
            HealthStatus::Unknown
        }
    }

    /// Since when it is so; nothing where it is unknown.
    pub fn since(&self) -> Option<Timestamp> {
        let said = self.capabilities.values();
        match self.status() {
            HealthStatus::NeedsReconnect => self.broken.map(|broken| broken.since),
            HealthStatus::Degraded => said.filter(|said| said.is_bad()).map(|said| said.since).min(),
            HealthStatus::Ok => said.map(|said| said.since).max(),
            HealthStatus::Unknown => None,
        }
    }
}
