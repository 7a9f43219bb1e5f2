//! Observations about a link: facts that nobody decides on.
//!
//! They stand in a stream beside the link's own, appended at any version, so that a mail scanner that opens a link a hundred
//! times can never make the customer's completion conflict.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::{AttemptId, LinkId},
    log::{LoggedEvent, StreamId, stored_as_variant},
    personal::Personal,
};

/// The stream type of a link's trail.
pub const LINK_TRAIL: &str = "link_trail";

/// At most so many `Opened` are kept per link.
pub const MOST_OPENED: u32 = 50;

/// The trail of a link.
pub fn link_trail(link: LinkId) -> StreamId {
    StreamId {
        aggregate_type: LINK_TRAIL,
        aggregate_id: link.to_string(),
    }
}

/// Who seems to have opened a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Visitor {
    /// Nothing speaks against a person.
    Person,
    /// A mail scanner, a chat previewer or another machine.
    LikelyAutomated,
}

/// Why a provider's answer was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CallbackRejection {
    /// It arrived in a browser that had not pressed start.
    OtherBrowser,
    /// It arrived at another host than the one it was started on.
    OtherHost,
    /// It came back on another callback path or from another issuer than the attempt's.
    MixUp,
    /// It came too late.
    TooLate,
    /// The link had ended meanwhile.
    LinkEnded,
}

/// What was observed about a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum LinkObservation {
    /// Its page was opened: kept once per kind of visitor and hour.
    Opened {
        /// Who seems to have opened it.
        visitor: Visitor,
    },
    /// A member looked at the link's address again.
    Revealed {},
    /// A provider's answer was not accepted; the link is untouched.
    CallbackRejected {
        /// The attempt that the answer was for.
        attempt: AttemptId,
        /// Why.
        reason: CallbackRejection,
    },
    /// The customer asked for a new link on the page of an ended one.
    FreshLinkAsked {},
}

stored_as_variant!(LinkObservation);

impl LoggedEvent for LinkObservation {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}
