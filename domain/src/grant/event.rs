//! What can happen to a grant.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::IntegrationId,
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
    provider::{ProviderApp, ProviderId},
};

/// Why credentials could not be renewed just now. They are not lost: it is tried again.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RefreshFailure {
    /// The provider could not be reached, was too slow, or answered nonsense.
    Unavailable,
    /// The provider asks to be left alone for a while.
    RateLimited,
    /// The provider does not accept this app: its client id or secret is wrong, or it was deleted there.
    AppRefused,
    /// The provider has not approved this app for its programming interface yet: its quota is nought.
    AppNotApproved,
}

impl RefreshFailure {
    /// Whether nobody but whoever registered the app at the provider can mend it: no customer has to do anything then.
    pub fn is_the_operators(self) -> bool {
        matches!(self, Self::AppRefused | Self::AppNotApproved)
    }
}

/// Why credentials are worth nothing any more. Only a new sign-in helps.
///
/// A provider that gives one answer for many causes is not read further than it speaks: nobody is told that he revoked something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LossReason {
    /// They ended or were taken back; the provider does not say which.
    ExpiredOrRevoked,
    /// The account's owner took them back: the provider said so.
    RevokedByOwner,
    /// They ended after seven days, as those of an app do that is registered for testing only.
    TestingEnded,
    /// Nobody used them for longer than the provider keeps them.
    Unused,
    /// The organisation of the account asks for a new sign-in now and then.
    SessionControl,
    /// The organisation of the account does not allow this app.
    AdminPolicy,
    /// A permission that was granted is not any more.
    ScopesWithdrawn,
    /// The access ended, and the provider gave nothing to renew it with.
    NotRenewable,
}

/// What happened to a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum GrantEvent {
    /// A generation was added; the integration stands on it from now on, and so does whoever stood on one that it takes over.
    Granted {
        /// Its number, from 1.
        generation: u32,
        /// The integration that asked for it.
        integration: IntegrationId,
        /// The provider.
        provider: ProviderId,
        /// The provider app it was given to.
        app: ProviderApp,
        /// What the account's owner granted.
        scopes: BTreeSet<String>,
        /// The generations whose integrations it serves from now on: it was granted all that they were.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        takes_over: BTreeSet<u32>,
    },
    /// An integration no longer stands on it.
    Released {
        /// The integration.
        integration: IntegrationId,
    },
    /// A generation's credentials could not be renewed. The first failure of its kind in a row is told, not every one.
    RefreshFailed {
        /// The generation.
        generation: u32,
        /// Why.
        reason: RefreshFailure,
    },
    /// After failures they were renewed again.
    RefreshRecovered {
        /// The generation.
        generation: u32,
    },
    /// A generation's credentials are worth nothing any more: whoever stands on it needs a new sign-in.
    Lost {
        /// The generation.
        generation: u32,
        /// Why.
        reason: LossReason,
    },
    /// Nothing stands on it any more, and the provider took the access back at our wish.
    Revoked {},
}

stored_as_variant!(GrantEvent);

impl LoggedEvent for GrantEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}
