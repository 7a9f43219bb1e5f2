//! How an account's access and what it is good for stand, in words.

use domain::{
    grant::{LossReason, RefreshFailure},
    integration::{Capability, CapabilityState},
};

/// Why only a new sign-in helps, in words that accuse nobody.
pub(super) fn lost(reason: LossReason) -> &'static str {
    match reason {
        LossReason::ExpiredOrRevoked => "the access ended or was taken back; the provider does not say which",
        LossReason::RevokedByOwner => "the account's owner took the access back",
        LossReason::TestingEnded => "the access ended after seven days, as it does for an app in testing",
        LossReason::Unused => "the access ended because it was not used for months",
        LossReason::SessionControl => "the account's organisation asks for a new sign-in",
        LossReason::AdminPolicy => "the account's organisation does not allow it",
        LossReason::ScopesWithdrawn => "a permission was withdrawn",
        LossReason::NotRenewable => "the access ended, and there is nothing to renew it with",
    }
}

/// Why renewing failed for now.
pub(super) fn not_renewed(reason: RefreshFailure) -> &'static str {
    match reason {
        RefreshFailure::Unavailable => "the provider could not be reached or made no sense",
        RefreshFailure::RateLimited => "the provider asks to be left alone for a while",
        RefreshFailure::AppRefused => "the provider does not accept this installation's app",
        RefreshFailure::AppNotApproved => "the provider has not approved this installation's app yet",
    }
}

/// What the provider does about a capability.
pub(super) fn answers(state: CapabilityState) -> &'static str {
    match state {
        CapabilityState::Unknown => "gives no clear answer about",
        CapabilityState::Ok => "allows",
        CapabilityState::PermissionDenied => "denies the account",
        CapabilityState::RemovedByProvider => "does not offer any more",
        CapabilityState::Unverified => "wants the listing verified before",
    }
}

/// What a connection is good for.
pub(super) fn purpose(capability: Capability) -> &'static str {
    match capability {
        Capability::ReviewsRead => "reading reviews",
        Capability::ReviewsReply => "answering reviews",
        Capability::Metrics => "reading figures",
        Capability::Access => "access",
    }
}
