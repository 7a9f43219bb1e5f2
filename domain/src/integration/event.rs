//! What can happen to an integration.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    grant::LossReason,
    ids::{CustomerId, GrantId, LinkId, LocationId},
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
    provider::{ListingRef, ProviderId},
};

/// The place that an integration fills: a location has at most one connection per provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Whose it is.
    pub customer: CustomerId,
    /// The place of business.
    pub location: LocationId,
    /// The provider.
    pub provider: ProviderId,
}

/// What an integration stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The authorisation.
    pub grant: GrantId,
    /// Which generation of its credentials.
    pub generation: u32,
    /// What the customer picked.
    pub listing: ListingRef,
}

/// How a link for an integration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RequestOutcome {
    /// A connection was made.
    Completed,
    /// The customer said no.
    Declined,
    /// The agency took it back.
    Revoked,
    /// Its time had come.
    Expired,
}

/// Why the provider's data should be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SyncReason {
    /// It was just connected or reconnected.
    Connected,
    /// Its credentials work again, because another connection of the same account was renewed.
    Recovered,
}

/// How a connection was made.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Via {
    /// The customer opened a link.
    #[default]
    Link,
    /// A member of the agency did it, without a customer.
    Member,
}

impl Via {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field as it is")]
    fn is_link(&self) -> bool {
        *self == Self::Link
    }
}

/// Something that a connection is good for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Capability {
    /// The listing's reviews can be read.
    ReviewsRead,
    /// Reviews can be answered.
    ReviewsReply,
    /// Figures about the listing can be read: how often it was seen and called.
    Metrics,
    /// The provider lets the connection in: of an app that cannot be asked for more.
    Access,
}

/// Whether a connection is good for something, as the provider last said.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CapabilityState {
    /// Nobody has asked yet, or the provider gave no clear answer.
    #[default]
    Unknown,
    /// The provider did it.
    Ok,
    /// The account may not do it: it has too low a level at the listing, or did not grant it.
    PermissionDenied,
    /// The provider does not offer it any more, or the listing is gone.
    RemovedByProvider,
    /// The provider wants the listing verified first.
    Unverified,
}

/// What happened to an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum IntegrationEvent {
    /// A link was issued for its slot.
    LinkRequested {
        /// The link.
        link: LinkId,
        /// The place that it is for.
        #[serde(flatten)]
        slot: Slot,
        /// The live link that it took the place of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superseding: Option<LinkId>,
    },
    /// The link that was on its way ended.
    LinkClosed {
        /// The link.
        link: LinkId,
        /// How.
        outcome: RequestOutcome,
    },
    /// It works for the first time.
    Connected {
        /// What it stands on.
        #[serde(flatten)]
        connection: Connection,
        /// How it was made.
        #[serde(default, skip_serializing_if = "Via::is_link")]
        via: Via,
        /// What the account and the listing are called.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// New credentials took the place of the old ones.
    Reconnected {
        /// What it stands on from now on.
        #[serde(flatten)]
        connection: Connection,
        /// How it was made.
        #[serde(default, skip_serializing_if = "Via::is_link")]
        via: Via,
        /// What the account and the listing are called.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// Its data should be fetched.
    SyncRequested {
        /// Why.
        reason: SyncReason,
    },
    /// The provider answers differently than before, when asked for what the connection is good for.
    CapabilityChanged {
        /// What it is good for.
        capability: Capability,
        /// How it stands from now on.
        state: CapabilityState,
    },
    /// Its credentials are worth nothing any more: only a new sign-in helps.
    NeedsReconnect {
        /// Why.
        reason: LossReason,
    },
    /// Its credentials work again, without a sign-in of its own: another connection of the same account was renewed.
    Recovered {},
    /// It was taken off its account. A link makes it whole again, with whichever account then signs in.
    Disconnected {},
    /// It is over: nothing stands on it any more, and a link for it would start anew.
    Deleted {},
}

stored_as_variant!(IntegrationEvent);

impl LoggedEvent for IntegrationEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        match self {
            Self::Connected { personal, .. } | Self::Reconnected { personal, .. } => Some(personal),
            _ => None,
        }
    }
}
