//! One newtype per id, so that a location can never be passed where a customer is meant.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// An agency (`UUIDv7`).
    AgencyId,
    /// One of an agency's two separate worlds; see [`TenantId::of`].
    TenantId,
    /// A person who works for an agency (`UUIDv7`).
    MemberId,
    /// An agency's client (`UUIDv7`).
    CustomerId,
    /// One place of business of a customer (`UUIDv7`).
    LocationId,
    /// A connect link (`UUIDv8`, derived from its token; see [`crate::connect_link::LinkToken::link_id`]).
    LinkId,
    /// One run through the sign-in flow in one browser (`UUIDv7`).
    AttemptId,
    /// The living connection of a location; see [`IntegrationId::of_slot`].
    IntegrationId,
    /// One provider account's authorisation for one provider app (`UUIDv8`, a keyed hash).
    GrantId,
    /// A white-label host; see [`HostId::of`].
    HostId,
    /// One event of the log, made once and kept through every retry.
    EventId,
    /// One call from outside, followed through logs, events and answers.
    RequestId,
    /// The installation this log belongs to.
    InstallationId,
    /// One thing to do by itself; derived from what it follows from, so that it is never written twice.
    JobId,
}

/// Which of an agency's two separate worlds: nothing of one is ever visible in the other.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// Real customers.
    Live,
    /// Trying things out.
    Test,
}

impl TenantId {
    /// The tenant of an agency in a mode: derived, so that nothing needs to be looked up.
    pub fn of(agency: AgencyId, mode: Mode) -> Self {
        Self(Uuid::new_v5(&agency.0, mode.to_string().as_bytes()))
    }
}
