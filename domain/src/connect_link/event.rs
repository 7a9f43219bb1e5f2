//! What can happen to a connect link.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    Timestamp,
    host::HostName,
    ids::{AgencyId, AttemptId, CustomerId, GrantId, IntegrationId, LocationId, MemberId},
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
    provider::{ListingRef, ProviderId},
    secret_hash::SecretHash,
};

/// Everything about a link that is settled when it is issued, and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTerms {
    /// Who issued it.
    pub agency: AgencyId,
    /// Whom it is for.
    pub customer: CustomerId,
    /// The place of business that it connects, and no other.
    pub location: LocationId,
    /// The provider that it connects, and no other.
    pub provider: ProviderId,
    /// The connection that it will create or renew.
    pub integration: IntegrationId,
    /// The only host on which it opens.
    pub host: HostName,
    /// The member who asks the customer.
    pub requested_by: MemberId,
    /// From this moment on it is dead.
    pub expires_at: Timestamp,
    /// Whether another provider account may take the place of the connected one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces_account: bool,
    /// Whether the member who asks for it opens it himself, to connect without the customer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_direct: bool,
    /// Whether the server asked by itself, because the connection needs a new sign-in: it ends when that works again by other means.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mends: bool,
}

/// Why an attempt ended without a connection. The link stays usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AttemptFailure {
    /// The customer pressed "deny" at the provider.
    Denied,
    /// A permission that the connection needs was not granted.
    MissingScopes,
    /// The provider refused the code or the request.
    ProviderRefused,
    /// The provider could not be reached or answered nonsense.
    ProviderUnavailable,
    /// The customer signed in with another account than the connected one.
    OtherAccount,
    /// The customer chose to sign in with another account.
    AccountSwitched,
    /// The server stopped between the provider's answer and the token request.
    Interrupted,
    /// The customer went away in the middle of it, and did not come back within an hour.
    Abandoned,
}

/// Who revoked a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedBy {
    /// A member of the agency.
    Member(MemberId),
    /// Somebody at the installation's command line.
    Operator,
    /// The server by itself.
    System,
}

/// Why a link was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RevokeReason {
    /// Somebody revoked it.
    Manual,
    /// A fresh link for the same slot took its place.
    Superseded,
    /// The customer was erased.
    CustomerErased,
    /// The connection that it was for was deleted.
    Deleted,
    /// The connection that it was to mend works again by other means.
    AlreadyConnected,
}

/// What happened to a connect link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ConnectLinkEvent {
    /// The agency issued it.
    Issued {
        /// SHA-256 of its token.
        token_hash: SecretHash,
        /// What it is good for.
        #[serde(flatten)]
        terms: LinkTerms,
        /// The connection's name, which the customer sees.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// The customer pressed "accept": an attempt began.
    Started {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The provider said yes: somebody is signed in and granted what is needed.
    Authorized {
        /// The attempt.
        attempt: AttemptId,
    },
    /// An attempt ended without a connection.
    AttemptFailed {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        reason: AttemptFailure,
    },
    /// The customer picked a listing: the link is used up.
    Completed {
        /// The attempt that won.
        attempt: AttemptId,
        /// The authorisation behind the connection.
        grant: GrantId,
        /// Which generation of its credentials.
        generation: u32,
        /// What was picked.
        listing: ListingRef,
    },
    /// The customer said no.
    Declined {},
    /// The agency took it back.
    Revoked {
        /// Who did.
        by: RevokedBy,
        /// Why.
        reason: RevokeReason,
    },
    /// A command met it after its time.
    Expired {
        /// When its time had come.
        expires_at: Timestamp,
    },
}

stored_as_variant!(ConnectLinkEvent);

impl LoggedEvent for ConnectLinkEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        match self {
            Self::Issued { personal, .. } => Some(personal),
            _ => None,
        }
    }
}
