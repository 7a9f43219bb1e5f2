//! What every event says about its circumstances: a flat map of ids, kept beside the event and hashed with it.
//!
//! Whatever a projection indexes an event by stands here, so that an event of any stream is found by the link, the integration,
//! the location or the customer that it concerns. Never a name, an address or a secret: those are personal or sealed.

use std::{fmt, str::FromStr};

use domain::{connect_link::RevokedBy, ids::MemberId};

/// Who acted: an [`Actor`] as text.
pub const ACTOR: &str = "actor";
/// In whose place the actor acted: an [`Actor`] as text.
pub const ON_BEHALF_OF: &str = "on_behalf_of";
/// The call from outside that led here.
pub const REQUEST_ID: &str = "request_id";
/// The event that led here, where a policy acted.
pub const CAUSATION: &str = "causation";
/// The link that it concerns.
pub const LINK: &str = "link";
/// The integration that it concerns.
pub const INTEGRATION: &str = "integration";
/// The location that it concerns.
pub const LOCATION: &str = "location";
/// The customer that it concerns.
pub const CUSTOMER: &str = "customer";
/// The member that it concerns, where that is not who acted.
pub const MEMBER: &str = "member";
/// The client's network: a keyed hash whose key is discarded monthly.
pub const NETWORK: &str = "network";

/// Who can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person of the agency: `member:<id>`.
    Member(MemberId),
    /// An API key in the name of its member: `api_key:<number>/<member's id>`.
    ApiKey {
        /// Its number within the agency.
        number: u32,
        /// In whose name it acts.
        member: MemberId,
    },
    /// The browser on a link's page: `customer`.
    Customer,
    /// The server by itself: `system`.
    System,
    /// Somebody at the installation's command line: `operator`.
    Operator,
}

impl Actor {
    /// The member who acted, or in whose name a key did.
    pub fn member(self) -> Option<MemberId> {
        match self {
            Self::Member(member) | Self::ApiKey { member, .. } => Some(member),
            Self::Customer | Self::System | Self::Operator => None,
        }
    }
}

/// Who takes a link back, in the words of its event.
impl From<Actor> for RevokedBy {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Member(member) | Actor::ApiKey { member, .. } => Self::Member(member),
            Actor::Operator => Self::Operator,
            Actor::Customer | Actor::System => Self::System,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(member) => write!(f, "member:{member}"),
            Self::ApiKey { number, member } => write!(f, "api_key:{number}/{member}"),
            Self::Customer => f.write_str("customer"),
            Self::System => f.write_str("system"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// A text that names no actor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this names nobody who can act")]
pub struct UnknownActor;

impl FromStr for Actor {
    type Err = UnknownActor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "customer" => return Ok(Self::Customer),
            "system" => return Ok(Self::System),
            "operator" => return Ok(Self::Operator),
            _ => {}
        }
        match text.split_once(':').ok_or(UnknownActor)? {
            ("member", id) => id.parse().map(Self::Member).map_err(|_| UnknownActor),
            ("api_key", key) => {
                let (number, member) = key.split_once('/').ok_or(UnknownActor)?;
                Ok(Self::ApiKey {
                    number: number.parse().map_err(|_| UnknownActor)?,
                    member: member.parse().map_err(|_| UnknownActor)?,
                })
            }
            _ => Err(UnknownActor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_read_back_from_their_texts() {
        let member = MemberId("018f0000-0000-7000-8000-000000000001".parse().unwrap());
        let actors = [
            Actor::Member(member),
            Actor::ApiKey { number: 7, member },
            Actor::Customer,
            Actor::System,
            Actor::Operator,
        ];
        for actor in actors {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for text in [
            "",
            "root",
            "member:",
            "member:anna",
            "api_key:1",
            "api_key:x/y",
            "customer:1",
        ] {
            assert_eq!(text.parse::<Actor>(), Err(UnknownActor), "{text}");
        }
    }
}
