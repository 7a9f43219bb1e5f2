//! When credentials are renewed, and in whose hands they are: one row for each that the vault keeps. And who read them.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Timestamp,
    grant::{LossReason, RefreshFailure},
    ids::{GrantId, IntegrationId, TenantId},
};

use super::{
    StoreError,
    vault::{Place, Record},
};

/// Names one generation's credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CredentialKey {
    /// Whose it is.
    pub tenant: TenantId,
    /// The account's authorisation.
    pub grant: GrantId,
    /// Which generation of it.
    pub generation: u32,
}

impl CredentialKey {
    /// Where it is sealed.
    pub fn place(&self) -> Place {
        Place {
            tenant: self.tenant,
            record: Record::Credential(self.grant, self.generation),
        }
    }
}

/// A node's hold of a credential. Whoever takes it over counts the fence up: what an earlier one brings then is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which hold of it.
    pub fence: i64,
    /// Whether the provider may have renewed it before, and its answer was lost: with us, or on its way.
    pub is_unanswered: bool,
    /// When it is due; none: nobody has looked at it yet, or there is nothing to do.
    pub due_at: Option<Timestamp>,
    /// When it was stored first.
    pub created_at: Timestamp,
    /// When it was last used, as far as that is written down.
    pub used_at: Option<Timestamp>,
    /// How often in a row it could not be renewed.
    pub attempts: u32,
}

/// A part of all credentials, so that several look after them and none after the same: each stands in one of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which, from 0.
    pub number: u32,
    /// Of how many: a divisor of 16.
    pub of: u32,
}

impl Share {
    /// All of them.
    pub const ALL: Self = Self { number: 0, of: 1 };
}

/// What came of reaching for a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taking {
    /// It is in our hands.
    Held(Hold),
    /// It is in somebody else's.
    Busy,
    /// The provider is to be left alone until then.
    Waits {
        /// Until when.
        until: Timestamp,
        /// Why, where that is known.
        problem: Option<RefreshFailure>,
    },
    /// There is no such credential any more.
    Gone,
}

/// How a hold ends.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It was renewed.
    Renewed {
        /// The new credential, sealed.
        sealed: Vec<u8>,
        /// When its access token ends, where the provider says.
        expires_at: Option<Timestamp>,
        /// When it is due next.
        due_at: Option<Timestamp>,
        /// The client id that renewed it.
        app: String,
        /// When.
        at: Timestamp,
    },
    /// The provider was not asked: it is good as it is.
    LeftAlone {
        /// When its access token ends, where the provider says.
        expires_at: Option<Timestamp>,
        /// When it is due next.
        due_at: Option<Timestamp>,
    },
    /// The provider was not asked. It stays due, and comes again behind what has become due meanwhile.
    PutOff {
        /// It is not found before. Whoever reads it may ask.
        until: Timestamp,
    },
    /// It could not be renewed.
    Failed {
        /// Why.
        problem: RefreshFailure,
        /// When it is tried again.
        due_at: Timestamp,
        /// Nobody asks the provider sooner.
        not_before: Timestamp,
        /// Whether the provider may have renewed it all the same.
        is_unanswered: bool,
        /// When.
        at: Timestamp,
    },
    /// It is worth nothing any more.
    Lost {
        /// Why.
        reason: LossReason,
        /// The client id that it was given to.
        app: String,
        /// When.
        at: Timestamp,
    },
}

/// How much there is to renew, and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefreshFigures {
    /// Their time has come.
    pub due: u64,
    /// Their time came more than ten minutes ago.
    pub overdue: u64,
    /// How many cannot be renewed, by why.
    pub failing: Vec<(RefreshFailure, u64)>,
    /// How many are worth nothing any more, by why.
    pub lost: Vec<(LossReason, u64)>,
}

/// What is known of how long an app's credentials live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// So many were lost within the span of ages that was asked for.
    pub lost_within: u64,
    /// So many were renewed at a greater age.
    pub renewed_beyond: u64,
}

/// A read of credentials, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRead {
    /// Whose they are.
    pub key: CredentialKey,
    /// The connection that they were read for.
    pub integration: IntegrationId,
    /// Who read them.
    pub reader: String,
    /// What for.
    pub purpose: String,
    /// When.
    pub at: Timestamp,
}

/// A place in the list of who read credentials: a row's first moment never changes, and the list is sorted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadsPlace {
    /// The first moment of the row before the place.
    pub at: Timestamp,
    /// How many rows of that very moment stand before it.
    pub passed: u32,
}

impl ReadsPlace {
    /// Where the list begins.
    pub const FIRST: Self = Self {
        at: Timestamp::MAX_UTC,
        passed: 0,
    };
}

/// How often somebody read a connection's credentials on one day, for one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedReads {
    /// The day, as `2026-11-22`.
    pub day: String,
    /// Who.
    pub reader: String,
    /// What for.
    pub purpose: String,
    /// How often.
    pub reads: u64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
}

/// Keeps the rows, beside the vault's. What is due is told by the caller's clock; leases are counted by the database's.
#[async_trait]
pub trait Refreshes: Send + Sync {
    /// Takes a credential for the time of a lease, if nobody has it.
    async fn take(&self, key: &CredentialKey, lease: Duration, now: Timestamp) -> Result<Taking, StoreError>;

    /// Keeps a credential in hand for a lease from now. False when somebody else took it over.
    async fn keep(&self, key: &CredentialKey, hold: &Hold, lease: Duration) -> Result<bool, StoreError>;

    /// Ends a hold: all of it in one transaction, or nothing where somebody else took it over or the credential is gone (false).
    async fn end(&self, key: &CredentialKey, hold: &Hold, ending: Ending) -> Result<bool, StoreError>;

    /// Credentials of a share whose time has come and that are in nobody's hands, the longest due first.
    async fn due(&self, now: Timestamp, at_most: u32, share: Share) -> Result<Vec<CredentialKey>, StoreError>;

    /// How much there is to do.
    async fn figures(&self, now: Timestamp) -> Result<RefreshFigures, StoreError>;

    /// How long the credentials of an app lived: lost at an age between the two, or renewed at a greater one.
    async fn lifetimes(&self, app: &str, from: Duration, to: Duration) -> Result<Lifetimes, StoreError>;

    /// Counts a read, and notes that the credential is in use.
    async fn count_read(&self, read: &CredentialRead) -> Result<(), StoreError>;

    /// Deletes what was counted of the days before that moment's. Answers how many rows went.
    async fn forget_reads(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Who read a connection's credentials, the latest first: those who first did behind a place.
    async fn reads(
        &self,
        tenant: TenantId,
        integration: IntegrationId,
        behind: ReadsPlace,
        at_most: u32,
    ) -> Result<Vec<CountedReads>, StoreError>;
}
