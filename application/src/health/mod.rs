//! Whether connections still work: an account's access that ended or came back reaches every connection that stands on it.

mod standing;

pub use standing::{FollowGrants, StandAsTheGrant};

use crate::jobs::Duties;

/// What is done by itself about the health of connections.
#[must_use]
pub fn duties(duties: Duties) -> Duties {
    duties.policy(FollowGrants).handler(StandAsTheGrant)
}
