//! Whether connections still work, and for what: an account's access that ended or came back reaches every connection that stands
//! on it, who needs a new sign-in is asked for one, and providers are asked what each connection is good for.

mod checking;
mod daily;
mod renewing;
mod standing;

pub use checking::Checked;
pub use standing::{FollowGrants, StandAsTheGrant};

use self::{
    daily::{CheckConnection, CheckDaily, CheckWhenConnected},
    renewing::AskToReconnect,
};
use crate::jobs::Duties;

/// What is done by itself about the health of connections.
#[must_use]
pub fn duties(duties: Duties) -> Duties {
    duties
        .policy(FollowGrants)
        .handler(StandAsTheGrant)
        .handler(AskToReconnect)
        .policy(CheckWhenConnected)
        .handler(CheckConnection)
        .handler(CheckDaily)
}
