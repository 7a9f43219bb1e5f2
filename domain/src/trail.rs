//! Observations about a link or an integration: facts that nobody decides on.
//!
//! They stand in a stream beside the link's own, appended at any version, so that a mail scanner that opens a link a hundred
//! times can never make the customer's completion conflict.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::{AttemptId, IntegrationId, LinkId},
    log::{LoggedEvent, StreamId, stored_as_variant},
    personal::Personal,
};

/// The stream type of a link's trail.
pub const LINK_TRAIL: &str = "link_trail";

/// The stream type of an integration's trail.
pub const INTEGRATION_TRAIL: &str = "integration_trail";

/// At most so many `Opened` are kept per link.
pub const MOST_OPENED: u32 = 50;

/// The trail of a link.
pub fn link_trail(link: LinkId) -> StreamId {
    StreamId {
        aggregate_type: LINK_TRAIL,
        aggregate_id: link.to_string(),
    }
}

/// The trail of an integration.
pub fn integration_trail(integration: IntegrationId) -> StreamId {
    StreamId {
        aggregate_type: INTEGRATION_TRAIL,
        aggregate_id: integration.to_string(),
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

/// Which mail about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LetterKind {
    /// The link itself, to the customer.
    Link,
    /// The link once more, while it is not used.
    Reminder,
    /// That it worked, to the customer.
    Receipt,
    /// That it worked, to the member who asked.
    RequesterReceipt,
    /// That a connection needs a new sign-in, with the link that asks for it, to the member who had asked for the connection.
    Reconnect,
}

/// Why a mail was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryFailure {
    /// Nobody knows the customer's e-mail address.
    NoAddress,
    /// Neither the agency nor the installation has a mail server.
    NotSetUp,
    /// The mail server will not take it for this recipient.
    Refused,
    /// The mail server cannot be told this address.
    Unsendable,
    /// The mail server could not be reached, or wanted to be asked later, until it was too late.
    GivenUp,
}

/// When the customer is reminded of a link: as the agency's settings were when it was mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminders {
    /// Every so many days.
    pub after_days: u8,
    /// So often at most.
    pub at_most: u8,
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
    /// The customer signed in, but the plan has no room for another connection: kept once an hour.
    PlanUsedUp {},
    /// A member asked to have it sent by mail: it is queued.
    MailAsked {
        /// Every link that goes into the one mail; the first one's trail makes the mail.
        links: Vec<LinkId>,
        /// When the customer is reminded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reminders: Option<Reminders>,
    },
    /// A mail server took a mail about it.
    Delivered {
        /// Which mail.
        letter: LetterKind,
    },
    /// A mail about it will not be delivered.
    DeliveryFailed {
        /// Which mail.
        letter: LetterKind,
        /// Why.
        reason: DeliveryFailure,
        /// The three digits of the server's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        /// The server's words, which may name the recipient.
        #[serde(skip)]
        personal: Option<Personal>,
    },
}

stored_as_variant!(LinkObservation);

impl LoggedEvent for LinkObservation {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        match self {
            Self::DeliveryFailed { personal, .. } => Some(personal),
            _ => None,
        }
    }
}

/// What was observed about an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum IntegrationObservation {
    /// Somebody read its credentials: kept once for each reader and day, and counted from then on.
    CredentialRead {
        /// What for, as the first one of the day said.
        purpose: String,
    },
}

stored_as_variant!(IntegrationObservation);

impl LoggedEvent for IntegrationObservation {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}
