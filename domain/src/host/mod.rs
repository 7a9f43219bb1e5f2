//! A white-label host: one owner per name in an installation.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    aggregate::aggregate,
    ids::{AgencyId, HostId, InstallationId},
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
};

/// A host's name in lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// Why a text is no host name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a host name has labels of 1 to 63 letters, digits or inner hyphens, joined by dots, 253 characters at most")]
pub struct InvalidHostName;

impl HostName {
    /// # Errors
    /// When the text is no host name (RFC 1123), or is an address.
    pub fn parse(text: &str) -> Result<Self, InvalidHostName> {
        let text = text.trim();
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        (name.len() <= 253 && name.split('.').all(is_label) && !reads_as_address(&name))
            .then_some(Self(name))
            .ok_or(InvalidHostName)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Browsers take a name whose last label is a number (`10.0.0.1`, `127.1`, `2130706433`, `0x7f000001`) for an IPv4 address.
fn reads_as_address(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    last.bytes().all(|b| b.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(hexadecimal)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HostName {
    type Error = InvalidHostName;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

impl HostId {
    /// The stream of a host name, the same for everybody who asks for it: so a name can have only one owner.
    pub fn of(installation: InstallationId, name: &HostName) -> Self {
        Self(Uuid::new_v5(&installation.0, name.as_str().as_bytes()))
    }
}

/// Who owns a host name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    owner: Option<AgencyId>,
}

impl Host {
    /// The agency that owns it.
    pub fn owner(&self) -> Option<AgencyId> {
        self.owner
    }
}

/// What can be asked of a host.
#[derive(Clone, Debug)]
pub enum HostCommand {
    /// Takes the name for an agency.
    Claim {
        /// The agency.
        agency: AgencyId,
        /// The name.
        name: HostName,
    },
}

/// What happened to a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum HostEvent {
    /// An agency took the name.
    Claimed {
        /// The agency.
        agency: AgencyId,
        /// The name.
        name: HostName,
    },
}

/// Why a host refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Another agency was first.
    #[error("the host belongs to another agency")]
    TakenByAnother,
}

stored_as_variant!(HostEvent);

impl LoggedEvent for HostEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}

impl Host {
    fn decide(&self, command: HostCommand) -> Result<Vec<HostEvent>, HostError> {
        let HostCommand::Claim { agency, name } = command;
        match self.owner {
            None => Ok(vec![HostEvent::Claimed { agency, name }]),
            Some(owner) if owner == agency => Ok(vec![]),
            Some(_) => Err(HostError::TakenByAnother),
        }
    }

    fn evolve(&mut self, event: &HostEvent) {
        let HostEvent::Claimed { agency, .. } = event;
        self.owner = Some(*agency);
    }
}

aggregate!(Host, "host", HostCommand => HostEvent, HostError);
